"""What is in the file of events before a reader is told of it, and what is not."""

import json
import sqlite3
from pathlib import Path
from shutil import copy
from typing import Final

import anyio
import pytest

from binance_mcp.futures.user_stream.event import UserEvent, parse_frame
from binance_mcp.futures.user_stream.events_file import EventsFile
from binance_mcp.futures.user_stream.gap import GapReason
from binance_mcp.futures.user_stream.journal import Journal
from binance_mcp.futures.user_stream.store import Past
from tests.futures.user_stream.conftest import everything
from tests.futures.user_stream.documented_events import fill

pytestmark = pytest.mark.anyio

FULL: Final = "CREATE TRIGGER full BEFORE INSERT ON events BEGIN SELECT RAISE(FAIL, 'full'); END"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.db"


def event(number: int) -> UserEvent:
    found = parse_frame(json.dumps(fill(number)))
    assert found is not None
    return found


def left_behind(path: Path) -> Past:
    """Return what the next process would find if this one were killed now."""
    for suffix in ("", "-wal"):
        copy(f"{path}{suffix}", f"{path}.copy{suffix}")
    file = EventsFile(path.with_name(f"{path.name}.copy"), "account")
    past = file.open()
    file.close()
    return past


async def test_what_is_told_is_found_by_the_next_process_even_if_this_one_is_killed(
    path: Path,
) -> None:
    file = EventsFile(path, "account")
    journal = Journal(past=file.open(), store=file)
    journal.begin_gap(None, GapReason.START)
    journal.append(event(1), size=100, at=1.0)
    await journal.kept()
    past = left_behind(path)
    file.close()
    assert past.entries == everything(journal).entries
    assert past.gaps == everything(journal).gaps


async def test_a_reader_that_goes_away_while_events_are_being_kept_loses_none(path: Path) -> None:
    file = EventsFile(path, "account")
    journal = Journal(past=file.open(), store=file)
    journal.append(event(1), size=100, at=1.0)
    with anyio.CancelScope() as scope:
        scope.cancel()
        await journal.kept()
    await journal.kept()
    past = left_behind(path)
    file.close()
    assert [entry.sequence for entry in past.entries] == [1]


async def test_a_journal_without_a_file_keeps_nobody_waiting() -> None:
    journal = Journal()
    journal.append(event(1), size=100, at=1.0)
    with anyio.CancelScope() as scope:
        scope.cancel()
        await journal.kept()
    assert not scope.cancelled_caught


async def test_while_the_file_cannot_be_written_to_readers_do_not_wait_for_it(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    earlier = EventsFile(path, "account")
    earlier.open()
    earlier.close()
    database = sqlite3.connect(path)
    database.execute(FULL)
    database.close()
    file = EventsFile(path, "account")
    journal = Journal(past=file.open(), store=file)
    for number in (1, 2):
        journal.append(event(number), size=100, at=1.0)
        await journal.kept()
    past = left_behind(path)
    file.close()
    assert past.entries == ()
    assert caplog.text.count("cannot be written: full") == 1
