"""The files of an audit trail: the newest, which grows, and older ones. Knows nothing of calls.

A full `trail.jsonl` becomes `trail.jsonl.1`, which becomes `.2`, and so on to `.5`; what was `.5`
is deleted. The chain goes on from file to file, and from process to process: several may write one
trail, for each locks `trail.jsonl.lock` (always empty) while it reads the end and appends. Nothing
is open in between, so a file may be moved or deleted at any time.

A record is one write. If it is cut off (the disk is full, the process is killed), the incomplete
record is removed, by the next writer at the latest. There is no fsync: a power failure may lose the
newest records.
"""

import errno
import os
import stat
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress
from io import FileIO
from itertools import chain, pairwise
from logging import getLogger
from pathlib import Path
from threading import Event
from typing import Final

from binance_mcp.audit.chain import LONGEST_LINE, START, Link, seal, unseal
from binance_mcp.errors import AuditBusyError, AuditError
from binance_mcp.files import regular_file

if sys.platform == "win32":  # pragma: no cover  # only one of the branches exists on a system
    import msvcrt

    def _lock(file: FileIO) -> None:
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(file: FileIO) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


OLDER_FILES: Final = 5
_LOCK_ATTEMPTS: Final = 3
_LOCK_PAUSE: Final = 0.001
"""In seconds. It blocks everything, keepalives included, so it must be short. Longer waits do not
block: see `AuditTrail.wait_until_ready`.
"""
_BUSY: Final = (BlockingIOError, PermissionError)
"""Raised if another process holds the lock, on POSIX and on Windows."""

logger = getLogger(__name__)


class TrailFile:
    """The end of an audit trail, where records are appended.

    A record refers to the last one in the files, or to the last one written here if that is later:
    so records that are removed in between leave a gap.
    """

    def __init__(
        self,
        path: Path,
        *,
        key: bytes | None,
        max_bytes: int,
        lock_attempts: int = _LOCK_ATTEMPTS,
    ) -> None:
        self._path = path
        self._files = trail_files(path)
        self._lock_path = path.with_name(f"{path.name}.lock")
        self._key = key
        self._max_bytes = max_bytes
        self._lock_attempts = lock_attempts
        self._last = START

    def check(self) -> None:
        """Check that records can be appended, as far as is possible without appending one.

        Raises:
            AuditError: They cannot. The text says why.

        """
        with self._end():
            pass

    def append(self, entry: str) -> None:
        """Append a record; `entry` is a JSON object on one line.

        Raises:
            AuditError: It was not written. The text says why.

        """
        with self._end() as last:
            line, link = seal(entry, last, self._key)
            size = self._path.stat().st_size
            if size and size + len(line) > self._max_bytes:
                self._rotate()
            with _opened(self._path) as file:
                _write(file, line)
            self._last = link

    @contextmanager
    def _end(self) -> Generator[Link]:
        """Lock the trail, and yield what the next record refers to."""
        with reporting_os_errors(self._path), self._locked():
            yield max(self._last, self._last_in_files(), key=lambda link: link.sequence)

    @contextmanager
    def _locked(self) -> Generator[None]:
        with FileIO(self._lock_path, "a", opener=regular_file) as file:
            for _ in range(self._lock_attempts):
                with suppress(*_BUSY):
                    _lock(file)
                    break
                Event().wait(_LOCK_PAUSE)  # blocks the loop: no other call may intervene
            else:
                raise AuditBusyError(f"{self._path}: another process keeps it locked")
            yield

    def _last_in_files(self) -> Link:
        newest, *older = self._files
        for path in chain([newest], filter(Path.exists, older)):
            with _opened(path) as file:
                if link := self._last_in(file):
                    return link
        return START

    def _last_in(self, file: FileIO) -> Link | None:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - LONGEST_LINE))
        end = file.read()
        if not end:
            return None
        lines, newline, unfinished = end.rpartition(b"\n")
        try:
            _, link = unseal(lines.rpartition(b"\n")[-1] + newline, self._key)
        except ValueError as error:
            raise AuditError(f"{file.name}: in the last line, {error}") from error
        if unfinished:
            logger.error("%s: removed an unfinished record at the end", file.name)
            file.truncate(size - len(unfinished))
        return link

    def _rotate(self) -> None:
        # Up to the first free name only, so that a retry after a failure loses no older file.
        free = next((n for n, file in enumerate(self._files) if not file.exists()), OLDER_FILES)
        for newer, older in reversed(list(pairwise(self._files[: free + 1]))):
            newer.replace(older)


def trail_files(newest: Path) -> list[Path]:
    """Return the files that a trail can have, newest first."""
    older = (newest.with_name(f"{newest.name}.{n}") for n in range(1, OLDER_FILES + 1))
    return [newest, *older]


@contextmanager
def reporting_os_errors(path: Path) -> Generator[None]:
    """Turn errors of the operating system into an `AuditError`.

    Raises:
        AuditError: The system reports an error.

    """
    try:
        yield
    except OSError as error:
        raise AuditError(f"{error.filename or path}: {error.strerror}") from error


@contextmanager
def _opened(path: Path) -> Generator[FileIO]:
    with FileIO(path, "a+", opener=regular_file) as file:
        mode = os.fstat(file.fileno()).st_mode
        if sys.platform != "win32" and mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise AuditError(f"{path}: other users may write to it; run: chmod go-w")
        yield file


def _write(file: FileIO, line: bytes) -> None:
    size = file.seek(0, os.SEEK_END)
    if file.write(line) < len(line):
        file.truncate(size)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
