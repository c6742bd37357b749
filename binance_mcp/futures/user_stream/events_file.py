"""A file that keeps a journal beyond the process: SQLite, mode 0600, in one process at a time.

What is written is kept within a fraction of a second, and before it is told to a reader. A process
that is killed loses no more than that, and the next one marks the time in between as a gap.
"""

import json
import logging
import os
import secrets
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import astuple
from pathlib import Path
from typing import Any, Final

import anyio
import anyio.to_thread

from binance_mcp.errors import EventsFileError
from binance_mcp.files import regular_file
from binance_mcp.futures.user_stream.event import UserEvent
from binance_mcp.futures.user_stream.gap import Gap, GapReason, Repair
from binance_mcp.futures.user_stream.store import Entry, OpenOrders, Past

logger = logging.getLogger(__name__)

_FORMAT: Final = 2
_FLUSH_SECONDS: Final = 0.1
_ALIVE_SECONDS: Final = 10.0
_RETRY_SECONDS: Final = 5.0
_MAGIC: Final = b"SQLite format 3\x00"
_SCHEMA: Final = """
CREATE TABLE about (
    journal TEXT NOT NULL, account TEXT NOT NULL,
    covered_until REAL, dropped_since REAL, dropped_until REAL
);
CREATE TABLE lives (life INTEGER PRIMARY KEY, last INTEGER NOT NULL);
CREATE TABLE events (
    sequence INTEGER PRIMARY KEY, received_at REAL NOT NULL, size INTEGER NOT NULL,
    event_id TEXT NOT NULL, type TEXT NOT NULL, event_time INTEGER, transaction_time INTEGER,
    symbol TEXT, data TEXT NOT NULL, source TEXT
);
CREATE TABLE gaps (
    number INTEGER PRIMARY KEY, after INTEGER NOT NULL, since REAL, until REAL,
    reason TEXT NOT NULL,
    repaired_at REAL, fills INTEGER, orders INTEGER, problem TEXT, refused INTEGER
);
"""
_OPEN_ORDERS: Final = """
CREATE TABLE IF NOT EXISTS open_orders (
    one INTEGER PRIMARY KEY, after INTEGER NOT NULL, orders TEXT NOT NULL, stops TEXT NOT NULL,
    compared_until REAL NOT NULL
)
"""
_Statement = tuple[str, tuple[object, ...]]


class EventsFile:
    """Keeps what the journal of one account writes to it while `run` runs."""

    def __init__(self, path: Path, account: str) -> None:
        self._path = path
        self._account = account
        self._database: sqlite3.Connection
        self._waiting: list[_Statement] = []
        self._flushing = anyio.Lock()
        self._is_failing = False
        self._alive_at = 0.0

    def check(self) -> None:
        """Check that the file can be one, without changing it.

        Raises:
            EventsFileError: It cannot be opened, or is something else.

        """
        try:
            descriptor = regular_file(str(self._path), os.O_RDWR | os.O_CREAT)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "its name has a NUL"
            raise EventsFileError(f"{self._path} cannot be used: {reason}") from None
        with os.fdopen(descriptor, "rb") as file:
            if file.read(len(_MAGIC)) not in (b"", _MAGIC):
                raise EventsFileError(f"{self._path} is not a file of events")

    def open(self) -> Past:
        """Open the file for this process alone, and return what it holds.

        Raises:
            EventsFileError: It cannot be used, or another process uses it.

        """
        self.check()
        try:
            self._database = sqlite3.connect(
                self._path, timeout=0, isolation_level=None, check_same_thread=False
            )
            for setting in ("locking_mode=EXCLUSIVE", "journal_mode=WAL", "synchronous=NORMAL"):
                self._database.execute(f"PRAGMA {setting}")
            return self._prepared()
        except EventsFileError:
            self.close()
            raise
        except sqlite3.OperationalError as error:
            self.close()
            if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
                raise EventsFileError(f"{self._path} is used by another process") from None
            raise EventsFileError(f"{self._path} cannot be used: {error}") from None
        except sqlite3.DatabaseError as error:
            self.close()
            raise EventsFileError(f"{self._path} is damaged: {error}") from None

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def write(self, entry: Entry) -> None:
        """Keep an event."""
        event = entry.event
        values = (
            *(entry.sequence, entry.received_at, entry.size, event.event_id, event.type),
            *(event.event_time, event.transaction_time, event.symbol),
            *(json.dumps(event.data, separators=(",", ":")), entry.source),
        )
        self._waiting.append(("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values))

    def write_gap(self, gap: Gap) -> None:
        """Keep a gap, its end, or its repair."""
        repair = gap.repair
        found = astuple(repair) if repair else (None,) * 5
        values = (gap.number, gap.after, gap.since, gap.until, str(gap.reason), *found)
        self._waiting.append(
            ("INSERT OR REPLACE INTO gaps VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values)
        )

    def join_gaps(self, first: Gap, joined: Gap) -> None:
        """Keep `joined` instead of `first` and the gap after it."""
        self._waiting.append(("DELETE FROM gaps WHERE number = ?", (first.number,)))
        self.write_gap(joined)

    def drop(self, sequence: int, dropped: Gap) -> None:
        """Forget the events up to a sequence number."""
        self._waiting.append(("DELETE FROM events WHERE sequence <= ?", (sequence,)))
        values = (dropped.since, dropped.until)
        self._waiting.append(("UPDATE about SET dropped_since = ?, dropped_until = ?", values))

    def write_open(self, known: OpenOrders) -> None:
        """Keep what is open."""
        values = (known.after, json.dumps(known.orders), json.dumps(known.stops))
        self._waiting.append(
            (
                "INSERT OR REPLACE INTO open_orders VALUES (1, ?, ?, ?, ?)",
                (*values, known.compared_until),
            )
        )

    async def run(self, covered_until: Callable[[], float | None]) -> None:
        """Write to the file until cancelled; then write what is left, and close it.

        `covered_until` returns until when it is known that nothing was missed.
        """
        try:
            while True:
                await anyio.sleep(_RETRY_SECONDS if self._is_failing else _FLUSH_SECONDS)
                if (now := anyio.current_time()) - self._alive_at > _ALIVE_SECONDS:
                    self._alive_at = now
                    values = (covered_until(),)
                    self._waiting.append(("UPDATE about SET covered_until = ?", values))
                await self._flush()
        finally:
            self._waiting.append(("UPDATE about SET covered_until = ?", (covered_until(),)))
            await self._flush()
            self.close()

    async def kept(self) -> None:
        """Wait until what was written is in the file; not while it cannot be written to."""
        if not self._is_failing:
            await self._flush()

    async def _flush(self) -> None:
        with anyio.CancelScope(shield=True):  # what is taken to be written must not be lost
            async with self._flushing:
                if self._waiting:
                    batch, self._waiting = self._waiting, []
                    await anyio.to_thread.run_sync(self._keep, batch)

    def _keep(self, batch: list[_Statement]) -> None:
        try:
            self._execute(batch)
            self._is_failing = False
        except sqlite3.Error as error:
            self._waiting = batch + self._waiting
            if not self._is_failing:
                logger.error("%s cannot be written: %s; trying again", self._path, error)  # noqa: TRY400
            self._is_failing = True

    def _execute(self, statements: Sequence[_Statement]) -> None:
        self._database.execute("BEGIN")
        try:
            for statement, values in statements:
                self._database.execute(statement, values)
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")

    def _prepared(self) -> Past:
        database = self._database
        database.execute("BEGIN EXCLUSIVE")
        (version,) = database.execute("PRAGMA user_version").fetchone()
        if version not in (0, _FORMAT):
            raise EventsFileError(f"{self._path} is of another version of this server")
        if version == 0:
            for statement in _SCHEMA.split(";"):
                database.execute(statement)
            database.execute(
                "INSERT INTO about VALUES (?, ?, NULL, NULL, NULL)",
                (secrets.token_hex(4), self._account),
            )
            database.execute(f"PRAGMA user_version = {_FORMAT}")
        database.execute(_OPEN_ORDERS)  # earlier files of this format have no such table
        past = self._past()
        if past.lives:
            values = (len(past.lives) - 1, past.lives[-1])
            database.execute("INSERT INTO lives VALUES (?, ?)", values)
        database.execute("COMMIT")
        return past

    def _past(self) -> Past:
        rows = self._database.execute
        ((journal, account, covered_until, since, until),) = rows("SELECT * FROM about").fetchall()
        if account != self._account:
            raise EventsFileError(f"{self._path} has the events of another account")
        entries = [_entry(row) for row in rows("SELECT * FROM events ORDER BY sequence")]
        gaps = [_gap(row) for row in rows("SELECT * FROM gaps ORDER BY number")]
        lives = [last for (last,) in rows("SELECT last FROM lives ORDER BY life")]
        last = max([*lives, *(entry.sequence for entry in entries)], default=0)
        if gaps and gaps[-1].until is not None:
            received = entries[-1].received_at if entries else 0.0
            known = max(covered_until or 0.0, received, gaps[-1].until)
            gaps.append(Gap(gaps[-1].number + 1, last, known, None, GapReason.RESTART))
        return Past(
            journal,
            lives=(*lives, last) if gaps else (),
            entries=tuple(entries),
            gaps=tuple(gaps),
            dropped=None if until is None else Gap(0, 0, since, until, GapReason.OVERFLOW),
            open_orders=next(map(_open_orders, rows("SELECT * FROM open_orders")), None),
        )


def _entry(row: tuple[Any, ...]) -> Entry:
    sequence, received_at, size, event_id, kind, event_time, transaction_time, symbol = row[:8]
    data, source = row[8:]
    event = UserEvent(event_id, kind, event_time, transaction_time, symbol, _json(data))
    return Entry(sequence, received_at, size, event, source)


def _open_orders(row: tuple[Any, ...]) -> OpenOrders:
    _, after, *listed, compared_until = row
    orders, stops = (tuple(tuple(each) for each in _json(text)) for text in listed)
    return OpenOrders(after, orders, stops, compared_until)


def _json(text: str) -> Any:  # noqa: ANN401  # JSON
    try:
        return json.loads(text)
    except ValueError:
        raise sqlite3.DatabaseError("an event cannot be read") from None


def _gap(row: tuple[Any, ...]) -> Gap:
    number, after, since, until, reason, *found = row
    *counts, refused = found
    repair = None if counts[0] is None else Repair(*counts, is_refused=bool(refused))
    return Gap(number, after, since, until, GapReason(reason), repair)


def kept_gaps(path: Path) -> Sequence[Gap]:
    """Return the gaps in a file of events, without changing it.

    Raises:
        EventsFileError: It cannot be read, for example because another process uses it.

    """
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", 0, uri=True)) as file:
            return [_gap(row) for row in file.execute("SELECT * FROM gaps ORDER BY number")]
    except (sqlite3.Error, ValueError) as error:
        raise EventsFileError(f"{path} cannot be read: {error}") from None
