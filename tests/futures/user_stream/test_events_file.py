import json
import logging
import os
import sqlite3
import stat
from pathlib import Path

import anyio
import pytest

from binance_mcp.clock import wall_clock
from binance_mcp.errors import EventsFileError
from binance_mcp.futures.user_stream.event import UserEvent, parse_frame
from binance_mcp.futures.user_stream.events_file import EventsFile, kept_gaps
from binance_mcp.futures.user_stream.gap import Gap, GapReason, Repair
from binance_mcp.futures.user_stream.journal import Journal, Page
from tests.futures.user_stream.conftest import everything
from tests.futures.user_stream.documented_events import DOCUMENTED, fill

pytestmark = pytest.mark.anyio


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


def change(path: Path, statement: str) -> None:
    """Change a file that nobody uses."""
    database = sqlite3.connect(path)
    database.execute(statement)
    database.commit()
    database.close()


async def session(path: Path, *numbers: int, held: int = 100, until: float = 50.0) -> Page:
    """Open the file as a process does, receive events, end, and return what was in the journal."""
    file = EventsFile(path, "account")
    journal = Journal(past=file.open(), store=file, most_events=held)
    if journal.gap_count == 0:
        journal.begin_gap(None, GapReason.START)
    journal.end_gap(float(numbers[0]) if numbers else 0.0)
    for number in numbers:
        journal.append(event(number), size=100, at=float(number))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(file.run, lambda: until)
        await anyio.sleep(0.3)
        tasks.cancel_scope.cancel()
    file.close()
    return everything(journal)


def ids(page: Page) -> list[int]:
    return [entry.event.data["o"]["t"] for entry in page.entries]


async def test_the_next_process_finds_the_events_and_a_gap_in_between(path: Path) -> None:
    first = await session(path, 1, 2, 3)
    second = await session(path, 60, 61)
    assert ids(second) == [1, 2, 3, 60, 61]
    assert [entry.sequence for entry in second.entries] == [1, 2, 3, 4, 5]
    assert second.gaps == (*first.gaps, Gap(2, 3, 50.0, 60.0, GapReason.RESTART))
    assert second.next.journal == first.next.journal
    assert (first.next.life, second.next.life) == (0, 1)
    third = await session(path, 70)
    assert third.next.life == 2


async def test_each_documented_event_is_the_same_afterwards(path: Path) -> None:
    file = EventsFile(path, "account")
    journal = Journal(past=file.open(), store=file)
    journal.begin_gap(None, GapReason.START)
    for frame in DOCUMENTED:
        found = parse_frame(frame)
        assert found is not None
        journal.append(found, size=len(frame), at=1.0)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(file.run, lambda: None)
        await anyio.sleep(0.3)
        tasks.cancel_scope.cancel()
    file.close()
    reopened = EventsFile(path, "account")
    past = reopened.open()
    reopened.close()
    assert past.entries == everything(journal).entries


async def test_where_an_event_was_read_and_what_was_found_of_a_gap_is_the_same_afterwards(
    path: Path,
) -> None:
    file = EventsFile(path, "account")
    journal = Journal(past=file.open(), store=file)
    for number in (1, 2, 3, 4):
        journal.begin_gap(10.0 * number, GapReason.DEAF)
        journal.end_gap(10.0 * number + 5)
    journal.append(event(1), size=100, at=1.0)
    journal.append(event(2), size=100, at=2.0, source="GET /fapi/v1/userTrades")
    repairs = {1: Repair(60.0, 2, 1), 2: Repair(61.5, 0, 0, "no", is_refused=True), 3: Repair(0.0)}
    for number, repair in repairs.items():
        journal.settle(number, repair)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(file.run, lambda: None)
        await anyio.sleep(0.3)
        tasks.cancel_scope.cancel()
    reopened = EventsFile(path, "account")
    past = reopened.open()
    reopened.close()
    assert [entry.source for entry in past.entries] == [None, "GET /fapi/v1/userTrades"]
    assert {gap.number: gap.repair for gap in past.gaps[:-1]} == {**repairs, 4: None}
    assert [gap.number for gap in Journal(past=past).repairable()] == [4]


async def test_the_file_holds_no_more_gaps_than_the_journal(path: Path) -> None:
    file = EventsFile(path, "account")
    journal = Journal(past=file.open(), store=file)
    for at in range(210):
        journal.begin_gap(float(at), GapReason.DISCONNECTED)
        journal.end_gap(at + 0.5)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(file.run, lambda: 210.0)
        await anyio.sleep(0.3)
        tasks.cancel_scope.cancel()
    past = EventsFile(path, "account").open()
    assert past.gaps[:-1] == everything(journal).gaps
    assert (len(past.gaps) - 1, past.gaps[0].since) == (200, 0.0)


async def test_a_gap_that_had_not_ended_goes_on(path: Path) -> None:
    file = EventsFile(path, "account")
    journal = Journal(past=file.open(), store=file)
    journal.begin_gap(None, GapReason.START)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(file.run, lambda: None)
        await anyio.sleep(0.3)
        tasks.cancel_scope.cancel()
    file.close()
    reopened = EventsFile(path, "account")
    assert reopened.open().gaps == (Gap(1, 0, None, None, GapReason.START),)
    reopened.close()


async def test_what_was_dropped_stays_dropped(path: Path) -> None:
    await session(path, 1, 2, 3, 4, held=2)
    page = await session(path, 60)
    assert ids(page) == [3, 4, 60]
    assert page.is_truncated
    assert page.gaps[0] == Gap(0, 0, 1.0, 2.0, GapReason.OVERFLOW)


async def test_the_file_is_readable_for_its_owner_only(path: Path) -> None:
    await session(path, 1)
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_a_second_process_is_refused_the_file(path: Path) -> None:
    first, second = EventsFile(path, "account"), EventsFile(path, "account")
    first.open()
    with pytest.raises(EventsFileError, match="is used by another process"):
        second.open()
    first.close()
    second.open()
    second.close()


async def test_another_account_is_refused_the_file(path: Path) -> None:
    await session(path, 1)
    with pytest.raises(EventsFileError, match="has the events of another account"):
        EventsFile(path, "other").open()


@pytest.mark.parametrize("version", [1, 9])
async def test_another_version_of_the_file_is_refused(path: Path, version: int) -> None:
    await session(path, 1)
    change(path, f"PRAGMA user_version = {version}")
    with pytest.raises(EventsFileError, match="is of another version"):
        EventsFile(path, "account").open()


@pytest.mark.parametrize("content", ["nonsense that is no database", "SQLite format 3\0 damaged"])
def test_a_file_that_is_something_else_is_left_alone(path: Path, content: str) -> None:
    path.write_text(content, encoding="utf-8")
    with pytest.raises(EventsFileError, match=r"is not a file of events|is damaged"):
        EventsFile(path, "account").open()
    assert path.read_text(encoding="utf-8") == content


async def test_an_event_that_cannot_be_read_is_damage(path: Path) -> None:
    await session(path, 1)
    change(path, "UPDATE events SET data = '{'")
    with pytest.raises(EventsFileError, match="is damaged: an event cannot be read"):
        EventsFile(path, "account").open()


@pytest.mark.parametrize("place", ["missing/events.db", ".", "\0"])
def test_a_path_that_cannot_be_a_file_says_why(tmp_path: Path, place: str) -> None:
    with pytest.raises(EventsFileError, match="cannot be used: "):
        EventsFile(tmp_path / place, "account").check()


async def test_a_database_that_cannot_be_opened_says_why(path: Path) -> None:
    await session(path, 1)
    change(path, "DROP TABLE gaps")
    with pytest.raises(EventsFileError, match="cannot be used: no such table"):
        EventsFile(path, "account").open()


async def test_what_cannot_be_written_is_written_later(
    path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("binance_mcp.futures.user_stream.events_file._RETRY_SECONDS", 0.1)
    caplog.set_level(logging.ERROR)
    await session(path, 1)
    change(
        path,
        "CREATE TRIGGER full BEFORE INSERT ON events "
        f"WHEN julianday('now') < julianday({wall_clock() + 1}, 'unixepoch') "
        "BEGIN SELECT RAISE(FAIL, 'full'); END",
    )
    file = EventsFile(path, "account")
    journal = Journal(past=file.open(), store=file)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(file.run, lambda: None)
        journal.append(event(2), size=1, at=1.0)
        await anyio.sleep(1.5)
        tasks.cancel_scope.cancel()
    file.close()
    assert caplog.text.count("cannot be written: full; trying again") == 1
    reopened = EventsFile(path, "account")
    assert [entry.sequence for entry in reopened.open().entries] == [1, 2]
    reopened.close()


async def test_the_gaps_of_a_file_are_read_without_changing_it(path: Path) -> None:
    await session(path, 1, 2)
    before = path.read_bytes()
    assert [gap.reason for gap in kept_gaps(path)] == [GapReason.START]
    assert path.read_bytes() == before


async def test_the_gaps_of_a_file_in_use_cannot_be_read(path: Path) -> None:
    file = EventsFile(path, "account")
    file.open()
    with pytest.raises(EventsFileError, match="cannot be read: database is locked"):
        kept_gaps(path)
    file.close()


async def test_something_else_has_no_gaps_that_can_be_read(path: Path) -> None:
    path.write_text("something else", "utf-8")
    with pytest.raises(EventsFileError, match="cannot be read: file is not a database"):
        kept_gaps(path)
