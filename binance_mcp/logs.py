"""Logging to standard error, with keys masked.

Nothing waits for a reader of standard error: if nobody reads it, records are dropped and counted.
"""

import json
import logging
import os
import sys
from contextlib import suppress
from datetime import UTC, datetime
from queue import Full, Queue
from threading import Thread
from typing import Final, Literal, TextIO

from binance_mcp.masking import mask_tokens

_MOST_WAITING: Final = 1000
_SECONDS_TO_FLUSH: Final = 1.0


class _Plain(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return mask_tokens(super().format(record))


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        masked = {name: mask_tokens(text) for name, text in line.items()}
        return json.dumps(masked, ensure_ascii=False)


class _ThreadedHandler(logging.Handler):
    """Writes to a stream in a thread, so that logging never waits for a reader."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._descriptor = os.dup(stream.fileno())  # stays open if the stream is closed
        self._encoding = stream.encoding
        self._lines = Queue[str](_MOST_WAITING)
        self._dropped = 0
        self._thread: Thread | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Queue a record for the thread, or drop it if the queue is full."""
        if self._thread is None:
            self._thread = Thread(target=self._write, name="log", daemon=True)
            self._thread.start()
        try:
            self._lines.put_nowait(self.format(record))
        except Full:
            self._dropped += 1
        except Exception:  # noqa: BLE001  # as every handler of the standard library
            self.handleError(record)

    def flush(self) -> None:
        """Wait until the queue is written, but at most a second: perhaps nobody reads."""
        written = self._lines.all_tasks_done
        with written:
            written.wait_for(lambda: not self._lines.unfinished_tasks, _SECONDS_TO_FLUSH)

    def _write(self) -> None:
        told = 0
        while True:
            self._print(self._lines.get())
            if self._lines.empty() and (dropped := self._dropped) > told:
                self._print(self.format(_dropped_record(dropped - told)))
                told = dropped
            self._lines.task_done()

    def _print(self, line: str) -> None:
        left = f"{line}\n".encode(self._encoding, "backslashreplace")
        with suppress(OSError):  # nobody reads, or the disk is full
            while left:  # not through the stream: Python would wait for its lock at exit
                left = left[os.write(self._descriptor, left) :]


def _dropped_record(dropped: int) -> logging.LogRecord:
    text = f"{dropped} records were dropped: standard error was not read fast enough"
    return logging.LogRecord(__name__, logging.WARNING, __file__, 0, text, None, None)


def _handler() -> logging.Handler:
    try:
        return _ThreadedHandler(sys.stderr)
    except (AttributeError, OSError):  # closed or in memory: nothing to wait for
        return logging.StreamHandler()


def configure_logging(level: str, style: Literal["plain", "json"]) -> None:
    """Log records of this package from `level` on, and warnings of everything else.

    Below that level, other packages log whole requests and responses, listen keys included.
    """
    handler = _handler()
    handler.setFormatter(
        _JsonLines()
        if style == "json"
        else _Plain("%(asctime)s %(levelname)s %(name)s: %(message)s")
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger("binance_mcp").setLevel(level)
