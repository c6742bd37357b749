"""What was known to be open, in the file of events."""

import sqlite3
from pathlib import Path
from typing import Final

import anyio
import pytest

from binance_mcp.errors import EventsFileError
from binance_mcp.futures.user_stream.events_file import EventsFile
from binance_mcp.futures.user_stream.journal import Journal
from binance_mcp.futures.user_stream.store import OpenOrders

pytestmark = pytest.mark.anyio

OPEN: Final = OpenOrders(7, (("BTCUSDT", "1", "0.5"),), (("ETHUSDT", "2", ""),), 1000.5)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.db"


def found(path: Path) -> OpenOrders | None:
    """Return what the next process finds."""
    file = EventsFile(path, "account")
    journal = Journal(past=file.open())
    file.close()
    return journal.open_orders


def change(path: Path, statement: str) -> None:
    database = sqlite3.connect(path)
    database.execute(statement)
    database.commit()
    database.close()


async def keep(path: Path, *known: OpenOrders) -> None:
    """Open the file as a process does, and keep what is open."""
    file = EventsFile(path, "account")
    journal = Journal(past=file.open(), store=file)
    for each in known:
        journal.keep_open(each)
    with anyio.CancelScope() as scope:
        scope.cancel()
        await file.run(lambda: None)


async def test_the_next_process_finds_what_was_known_last_to_be_open(path: Path) -> None:
    await keep(path)
    assert found(path) is None
    await keep(path, OpenOrders(3, (), (), 1.0), OPEN)
    assert found(path) == OPEN
    assert found(path) == OPEN


async def test_a_file_in_which_nothing_open_was_kept_yet_can_be_used(path: Path) -> None:
    await keep(path, OPEN)
    change(path, "DROP TABLE open_orders")
    assert found(path) is None
    await keep(path, OPEN)
    assert found(path) == OPEN


async def test_a_file_of_which_that_cannot_be_read_is_damaged(path: Path) -> None:
    await keep(path, OPEN)
    change(path, "UPDATE open_orders SET orders = '[['")
    with pytest.raises(EventsFileError, match="is damaged"):
        found(path)
