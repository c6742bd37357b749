"""A host's file on disk: read as text, and replaced at once, after a backup.

Other programs write it, too. What they wrote meanwhile is not overwritten.
"""

import os
from codecs import BOM_UTF8
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from binance_mcp.errors import HostFileError
from binance_mcp.files import read_file, regular_file

_MOST_BYTES: Final = 64 * 1024 * 1024
_OWNER_WRITES: Final = 0o200


@dataclass(frozen=True)
class HostFile:
    """What a file has: text in UTF-8, with or without a byte-order mark."""

    path: Path
    content: bytes | None
    """None if there is no file."""

    @property
    def text(self) -> str:
        """The text, with its line ends as they are; empty if there is no file.

        Raises:
            HostFileError: It is not UTF-8.

        """
        try:
            return (self.content or b"").removeprefix(BOM_UTF8).decode()
        except UnicodeDecodeError:
            raise HostFileError("it is not UTF-8") from None

    def replaced_by(self, text: str) -> bytes:
        """Return the bytes of another text in its place, after the same byte-order mark.

        Raises:
            HostFileError: The text cannot be written in UTF-8.

        """
        mark = BOM_UTF8 if (self.content or b"").startswith(BOM_UTF8) else b""
        try:
            return mark + text.encode()
        except UnicodeEncodeError:
            raise HostFileError("the entry is not UTF-8") from None


def read(path: Path) -> HostFile:
    """Return what a file has.

    Raises:
        HostFileError: It cannot be read, or is not a regular file.

    """
    with _reporting():
        return HostFile(path, _content(path))


def write(file: HostFile, text: str) -> Path | None:
    """Replace a file that was read, and return the backup of what it was; None if it is new.

    At each moment, the path leads to the whole old file or to the whole new one. A symbolic link
    stays one. Folders are made as needed.

    Raises:
        HostFileError: It cannot be replaced, or was changed since it was read. It is as it was.

    """
    content = file.replaced_by(text)
    with _reporting():
        target = Path(os.path.realpath(file.path))
        target.parent.mkdir(parents=True, exist_ok=True)
        status = None if file.content is None else _replaceable(target)
        with TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as folder:
            new = Path(folder) / target.name
            _create(new, content, status)
            if _content(target) != file.content:
                raise HostFileError("another program has changed it meanwhile")
            backup = _backup(target, file.content, status)
            new.replace(target)
        return backup


def _replaceable(path: Path) -> os.stat_result:
    status = path.stat()
    if not (status.st_mode & _OWNER_WRITES and os.access(path, os.W_OK)):
        raise HostFileError("it is read-only")
    if status.st_nlink > 1:
        raise HostFileError("it has several names (hard links)")
    return status


def _backup(path: Path, content: bytes | None, status: os.stat_result | None) -> Path | None:
    if content is None:
        return None
    now = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    backup = path.with_name(f"{path.name}.{now}.bak")
    _create(backup, content, status)
    return backup


def _create(path: Path, content: bytes, like: os.stat_result | None) -> None:
    """Write a new file, down to the disk, for the same people as another."""
    with FileIO(path, "x", opener=regular_file) as file:
        unwritten = memoryview(content)
        while unwritten:
            unwritten = unwritten[file.write(unwritten) :]
        os.fsync(file.fileno())
    chown = getattr(os, "chown", None)  # Windows has none
    if like and chown:
        chown(path, like.st_uid, like.st_gid)
        path.chmod(like.st_mode & 0o7777)


def _content(path: Path) -> bytes | None:
    try:
        content, _ = read_file(path, _MOST_BYTES + 1)
    except FileNotFoundError:
        return None
    if len(content) > _MOST_BYTES:
        raise HostFileError("it is larger than 64 MiB")
    return content


@contextmanager
def _reporting() -> Generator[None]:
    try:
        yield
    except OSError as error:
        raise HostFileError(str(error.strerror)) from None
