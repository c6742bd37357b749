"""The audit trail: a record of every decision about a call of a tool, in a file of JSON Lines.

Which way it fails: closed, and without waiting. No call is admitted unless the log is `ready`. A
record is written when its call has ended, for it tells how. If that fails (the disk is full, the
file was replaced), the record is kept in memory, an ERROR says so, and further calls are denied
until all that is kept is in the file. So only calls already under way can run while nothing is
written, and only the process's death loses their records. Each record beyond 1,000, and each that
is still kept when the log is closed, is logged whole as an ERROR instead.
"""

import secrets
from collections import deque
from contextlib import suppress
from logging import getLogger
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from binance_mcp.audit.file import TrailFile
from binance_mcp.audit.record import Record, entry
from binance_mcp.errors import AuditError

_MAX_BYTES: Final = 10 * 1024 * 1024
_MOST_KEPT: Final = 1_000

logger = getLogger(__name__)


class AuditTrail:
    """Writes an audit trail, and is a context manager. For one thread.

    The file is `path`, for its owner only. It makes room for a new one before it grows beyond
    `max_bytes`, and five older ones are kept. With a `key`, nobody without it can forge a record.
    Hashes of sessions are salted by process: few sessions outlive one, and no file has what it
    takes to check a guess of their ids.
    """

    def __init__(
        self, path: Path, *, key: bytes | None = None, max_bytes: int = _MAX_BYTES
    ) -> None:
        self._file = TrailFile(path, key=key, max_bytes=max_bytes)
        self._salt = secrets.token_bytes()
        self._kept: deque[str] = deque()
        self._is_failing = False

    def check(self) -> None:
        """Check the trail.

        Raises:
            AuditError: It cannot be written, or is not one, or has another key.

        """
        self._file.check()

    def __enter__(self) -> Self:
        """Check the trail, as `check` does."""
        self.check()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with suppress(AuditError):
            self._write_kept()
        for kept in self._kept:
            _log_instead(kept)

    def ready(self) -> None:
        """Check that the trail can be written, before a call is admitted.

        Raises:
            AuditError: It cannot, so the call must be denied.

        """
        try:
            self._write_kept()
            self._file.check()
        except AuditError as error:
            self._tell_failure(error)
            raise
        if self._is_failing:
            logger.warning("the audit trail is written again")
            self._is_failing = False

    def write(self, record: Record) -> None:
        """Write a record, or keep it until that is possible. Never fails and never waits long."""
        self._kept.append(entry(record, self._salt))
        try:
            self._write_kept()
        except AuditError as error:
            self._tell_failure(error)
        if len(self._kept) > _MOST_KEPT:
            _log_instead(self._kept.pop())

    def _write_kept(self) -> None:
        while self._kept:
            self._file.append(self._kept[0])
            self._kept.popleft()

    def _tell_failure(self, error: AuditError) -> None:
        if not self._is_failing:
            logger.error("the audit trail cannot be written, so calls are denied: %s", error)
            self._is_failing = True


def _log_instead(kept: str) -> None:
    logger.error("not in the audit trail: %s", kept)
