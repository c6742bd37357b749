"""Opening regular files only: a FIFO or a device in their place is refused, and never blocks.

Standard library only.
"""

import errno
import os
import stat
from io import FileIO
from pathlib import Path
from typing import Final

_NOT_BLOCKING: Final = getattr(os, "O_NONBLOCK", 0)  # Windows has neither the flag nor FIFOs


def regular_file(path: str, flags: int) -> int:
    """Open a regular file; a new one gets mode 0600. An `opener` for `open` and `FileIO`.

    Raises:
        OSError: It cannot be opened, or is not a regular file.

    """
    try:
        descriptor = os.open(path, flags | _NOT_BLOCKING, 0o600)
    except OSError as error:
        if error.errno == errno.ENXIO:  # a FIFO that nobody reads
            raise _not_regular(path) from None
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise _not_regular(path)
    return descriptor


def _not_regular(path: str) -> OSError:
    return OSError(errno.EINVAL, "it is not a regular file", path)


def read_file(path: Path, most: int) -> tuple[bytes, int]:
    """Return the first `most` bytes of a regular file, and its mode.

    Raises:
        OSError: It cannot be read, or is not a regular file.
        ValueError: The path has a NUL.

    """
    with FileIO(path, opener=regular_file) as file:
        content = bytearray()
        while len(content) < most and (more := file.read(most - len(content))):
            content += more
        return bytes(content), os.fstat(file.fileno()).st_mode
