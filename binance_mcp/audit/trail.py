"""The audit trail: a record of every decision about a tool call, in a file of JSON Lines.

It fails closed and never blocks. No call is admitted unless the trail is `ready`. A record is
written when its call has ended, because it contains the outcome. If that fails (the disk is full,
the file was replaced), the record is kept in memory, an ERROR is logged, and further calls are
denied until all kept records are written. So only calls already under way can run while the trail
cannot be written, and their records are lost only if the process is killed. Records beyond 1,000,
and those still kept when the trail is closed, are logged in full as ERRORs instead.
"""

import secrets
from collections import deque
from logging import getLogger
from pathlib import Path
from threading import Event
from types import TracebackType
from typing import Final, Self

import anyio

from binance_mcp.audit.file import TrailFile
from binance_mcp.audit.record import Record, entry
from binance_mcp.errors import AuditBusyError, AuditError

_MAX_BYTES: Final = 10 * 1024 * 1024
_MOST_KEPT: Final = 1_000
_PATIENCE_SECONDS: Final = 1.0
_PAUSE_SECONDS: Final = 0.02
_LAST_ATTEMPTS: Final = 50

logger = getLogger(__name__)


class AuditTrail:
    """Writes an audit trail. A context manager, for one thread.

    The file is `path`, mode 0600. It is rotated before it grows beyond `max_bytes`, and five older
    files are kept. With a `key`, records cannot be forged without it. Hashes of sessions are salted
    per process, so that a guess of a session's id cannot be checked with the file.
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
        for _ in range(_LAST_ATTEMPTS):
            try:
                self._write_kept()
                break
            except AuditBusyError:
                Event().wait(_PAUSE_SECONDS)  # blocks, because nothing else is left to do
            except AuditError:
                break
        for kept in self._kept:
            _log_instead(kept)

    def ready(self) -> None:
        """Check that the trail can be written, before a call is admitted.

        Raises:
            AuditError: It cannot be written, so the call must be denied.

        """
        try:
            self._prepare()
        except AuditError as error:
            self._log_failure(error)
            raise

    async def wait_until_ready(self) -> None:
        """Check the same, but wait up to a second for other processes that write the trail.

        Raises:
            AuditError: It cannot be written, so the call must be denied.

        """
        with anyio.move_on_after(_PATIENCE_SECONDS):
            while True:
                try:
                    return self._prepare()
                except AuditBusyError:
                    await anyio.sleep(_PAUSE_SECONDS)
                except AuditError:
                    break
        return self.ready()

    def _prepare(self) -> None:
        self._write_kept()
        self._file.check()
        if self._is_failing:
            logger.warning("the audit trail can be written again")
            self._is_failing = False

    def write(self, record: Record) -> None:
        """Write a record, or keep it until it can be written. Never fails or blocks long."""
        self._kept.append(entry(record, self._salt))
        try:
            self._write_kept()
        except AuditBusyError:
            pass  # it is written before the next call, or at the end
        except AuditError as error:
            self._log_failure(error)
        if len(self._kept) > _MOST_KEPT:
            _log_instead(self._kept.pop())

    def _write_kept(self) -> None:
        while self._kept:
            self._file.append(self._kept[0])
            self._kept.popleft()

    def _log_failure(self, error: AuditError) -> None:
        if not self._is_failing:
            logger.error("the audit trail cannot be written, so calls are denied: %s", error)
            self._is_failing = True


def _log_instead(kept: str) -> None:
    logger.error("not in the audit trail: %s", kept)
