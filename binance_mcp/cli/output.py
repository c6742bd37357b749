"""What a command prints: results on standard output, complaints on standard error.

A reader may leave early, as `head` does. What is printed after that goes nowhere, and the command
goes on to its own end and its own exit code. If there is no room, on a full disk, the command ends.
"""

import os
import select
import sys
from collections.abc import Generator
from contextlib import contextmanager
from io import UnsupportedOperation
from pathlib import Path
from typing import Final, TextIO

_UNPRINTABLE: Final = 2
_PATIENCE_SECONDS: Final = 1.0


def say(line: str) -> None:
    """Print a line of the result, at once."""
    _print(line, sys.stdout)


def complain(line: str) -> None:
    """Print a line that is not of the result, at once.

    A host may never read standard error. After a second without room, it is as if it had left.
    """
    _print(line, sys.stderr)


def flush() -> None:
    """Let go of what others have printed."""
    for stream in filter(None, (sys.stdout, sys.stderr)):
        with _failures_told(stream):
            stream.flush()


def _print(line: str, stream: TextIO | None) -> None:
    if stream is None:  # it is closed, and print() would take another
        return
    encoding = stream.encoding or "utf-8"
    with _failures_told(stream):
        if stream is sys.stderr and not _has_room(stream):
            raise BrokenPipeError
        printable = line.encode(encoding, "backslashreplace").decode(encoding)
        print(printable, file=stream, flush=True)


def _has_room(stream: TextIO) -> bool:
    try:
        return os.name != "posix" or any(select.select([], [stream], [], _PATIENCE_SECONDS))
    except UnsupportedOperation:  # it is in memory
        return True


@contextmanager
def _failures_told(stream: TextIO) -> Generator[None]:
    try:
        yield
    except OSError as error:
        with Path(os.devnull).open("w") as nowhere:  # where the rest goes, even at the exit
            os.dup2(nowhere.fileno(), stream.fileno())
        if not isinstance(error, BrokenPipeError):
            complain(f"binance-mcp: cannot print: {error.strerror}")
            raise SystemExit(_UNPRINTABLE) from None
