"""Printing: results to standard output, messages to standard error.

A reader may leave early, as `head` does. What is printed after that is discarded, and the command
runs to its end with its own exit code. On a full disk, the command ends.
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
    """Print a message at once.

    A host may never read standard error: after a second with a full pipe, messages are discarded.
    """
    _print(line, sys.stderr)


def flush() -> None:
    """Flush standard output and standard error."""
    for stream in filter(None, (sys.stdout, sys.stderr)):
        with _reporting_failures(stream):
            stream.flush()


def _print(line: str, stream: TextIO | None) -> None:
    if stream is None:  # closed: print() would fall back to another stream
        return
    encoding = stream.encoding or "utf-8"
    with _reporting_failures(stream):
        if stream is sys.stderr and not _has_room(stream):
            raise BrokenPipeError
        printable = line.encode(encoding, "backslashreplace").decode(encoding)
        print(printable, file=stream, flush=True)


def _has_room(stream: TextIO) -> bool:
    try:
        return os.name != "posix" or any(select.select([], [stream], [], _PATIENCE_SECONDS))
    except UnsupportedOperation:  # in memory
        return True


@contextmanager
def _reporting_failures(stream: TextIO) -> Generator[None]:
    try:
        yield
    except OSError as error:
        # So that the flush at exit does not fail again: https://docs.python.org/3/library/signal.html#note-on-sigpipe
        with Path(os.devnull).open("w") as nowhere:
            os.dup2(nowhere.fileno(), stream.fileno())
        if not isinstance(error, BrokenPipeError):
            complain(f"binance-mcp: cannot print: {error.strerror}")
            raise SystemExit(_UNPRINTABLE) from None
