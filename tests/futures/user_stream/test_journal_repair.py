"""What a journal knows of events that were read from Binance later, and of its repaired gaps."""

import json
from typing import Final

import anyio
import pytest

from binance_mcp.futures.user_stream import journal as journal_module
from binance_mcp.futures.user_stream.change import change_of
from binance_mcp.futures.user_stream.event import UserEvent, parse_frame
from binance_mcp.futures.user_stream.gap import Gap, GapReason, Repair
from binance_mcp.futures.user_stream.journal import Journal
from binance_mcp.futures.user_stream.store import Entry, Past, Store
from tests.futures.user_stream.conftest import everything
from tests.futures.user_stream.documented_events import documented, fill

pytestmark = pytest.mark.anyio

TRADES: Final = "GET /fapi/v1/userTrades"


class Kept(Store):
    """Keeps the gaps that are written to it, as they were last."""

    def __init__(self) -> None:
        self.gaps: dict[int, Gap] = {}

    def write_gap(self, gap: Gap) -> None:
        self.gaps[gap.number] = gap


def parsed(content: object) -> UserEvent:
    event = parse_frame(json.dumps(content))
    assert event is not None
    return event


def pushed(number: int) -> UserEvent:
    """Return a fill as the stream brings it."""
    return parsed(fill(number))


def found(number: int) -> UserEvent:
    """Return the same fill as it is made of what Binance lists."""
    return parsed(fill(number, X="PARTIALLY_FILLED", E=1_800_000_000_000))


def append(journal: Journal, event: UserEvent, source: str | None = None) -> bool:
    return journal.append(event, size=100, at=5.0, source=source)


def with_gaps(*spans: tuple[float | None, float | None], store: Store | None = None) -> Journal:
    journal = Journal(store=store)
    for since, until in spans:
        journal.begin_gap(since, GapReason.DEAF)
        if until is not None:
            journal.end_gap(until)
    return journal


async def test_a_fill_that_was_received_is_not_added_again() -> None:
    journal = Journal()
    assert append(journal, pushed(1))
    assert not append(journal, found(1), TRADES)
    assert [entry.source for entry in everything(journal).entries] == [None]


async def test_a_fill_that_was_read_is_not_added_again_when_the_stream_brings_it_late() -> None:
    journal = Journal()
    assert append(journal, found(1), TRADES)
    assert not append(journal, pushed(1))
    assert not append(journal, found(1), "GET /fapi/v1/allOrders")
    assert [entry.source for entry in everything(journal).entries] == [TRADES]


async def test_a_fill_that_was_neither_received_nor_read_is_added() -> None:
    journal = Journal()
    append(journal, pushed(1))
    assert append(journal, found(2), TRADES)
    assert append(journal, pushed(3))
    entries = everything(journal).entries
    assert [entry.event.data["o"]["t"] for entry in entries] == [1, 2, 3]
    assert [entry.source for entry in entries] == [None, TRADES, None]
    assert entries[1].received_at == 5.0


async def test_two_received_events_that_change_the_same_are_both_kept() -> None:
    journal = Journal()
    for execution in ("EXPIRED", "CANCELED"):
        event = parsed(documented("ORDER_TRADE_UPDATE", x=execution, X=execution))
        assert append(journal, event)
    assert len(everything(journal).entries) == 2


async def test_an_event_without_a_change_is_recognized_by_its_id() -> None:
    journal = Journal()
    event = parsed(documented("ACCOUNT_UPDATE"))
    assert append(journal, event, "GET /fapi/v3/account")
    assert not append(journal, event, "GET /fapi/v3/account")


async def test_a_change_is_known_from_either_way_it_came() -> None:
    journal = Journal()
    append(journal, pushed(1))
    append(journal, found(2), TRADES)
    changes = [change_of(pushed(number)) for number in (1, 2, 3)]
    assert [journal.has_change(change) for change in changes if change] == [True, True, False]


async def test_changes_are_remembered_up_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_module, "_IDS_KEPT", 2)
    journal = Journal()
    for number in (1, 2, 3):
        append(journal, pushed(number))
    assert [append(journal, found(number), TRADES) for number in (3, 2, 1)] == [False, False, True]


async def test_changes_of_earlier_lives_are_known_with_their_source() -> None:
    entries = (
        Entry(1, 5.0, 100, pushed(1)),
        Entry(2, 5.0, 100, found(2), TRADES),
        Entry(3, 5.0, 100, parsed(documented("ACCOUNT_UPDATE"))),
    )
    journal = Journal(past=Past("0123abcd", entries=entries))
    assert not append(journal, found(1), TRADES)
    assert not append(journal, pushed(2))
    assert journal.last == 3


async def test_the_gaps_to_be_repaired_are_those_about_which_nobody_asked() -> None:
    journal = with_gaps((None, 1.0), (2.0, 3.0), (4.0, 5.0), (6.0, None))
    assert [gap.number for gap in journal.repairable()] == [2, 3]
    journal.settle(2, Repair(7.0, problem="refused"))
    assert [gap.number for gap in journal.repairable()] == [3]
    journal.end_gap(8.0)
    assert [gap.number for gap in journal.repairable()] == [3, 4]


async def test_what_was_found_about_a_gap_is_told_and_kept() -> None:
    kept = Kept()
    journal = with_gaps((2.0, 3.0), (4.0, 5.0), store=kept)
    repair = Repair(7.0, 2, 1, "refused")
    journal.settle(1, repair)
    settled = Gap(1, 0, 2.0, 3.0, GapReason.DEAF, repair)
    assert everything(journal).gaps == (settled, Gap(2, 0, 4.0, 5.0, GapReason.DEAF))
    assert kept.gaps[1] == settled
    assert kept.gaps[2].repair is None


async def test_a_gap_that_is_no_longer_held_cannot_be_settled() -> None:
    journal = with_gaps((2.0, 3.0))
    before = journal.version, everything(journal)
    journal.settle(2, Repair(7.0))
    assert (journal.version, everything(journal)) == before


async def test_readers_that_wait_are_woken_by_a_repair() -> None:
    journal = with_gaps((2.0, 3.0))
    before = journal.version
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(journal.changes)
        await anyio.wait_all_tasks_blocked()
        journal.settle(1, Repair(7.0))
    assert journal.version > before


@pytest.mark.parametrize(("is_repaired", "told"), [(False, [1, 0, 0, 0]), (True, [1, 1, 1, 0])])
async def test_a_gap_is_told_until_nothing_more_will_be_known_of_it(
    *, is_repaired: bool, told: list[int]
) -> None:
    journal = with_gaps((2.0, 3.0))
    journal.is_repaired = is_repaired
    cursor, counts = journal.oldest, list[int]()
    for is_settled_before in (False, False, True, False):
        if is_settled_before:
            journal.settle(1, Repair(7.0))
        page = journal.read(cursor, is_wanted=lambda _: True, most=9, most_bytes=999)
        cursor = page.next
        counts.append(len(page.gaps))
    assert counts == told


async def test_a_gap_since_ever_is_told_once_because_nobody_can_ask_about_it() -> None:
    journal = with_gaps((None, 3.0))
    journal.is_repaired = True
    assert everything(journal).next.gap == 1


async def test_the_events_after_a_sequence_number_are_those_that_are_held() -> None:
    journal = Journal(most_events=3)
    assert (journal.first, list(journal.after(0))) == (1, [])
    for number in range(1, 6):
        append(journal, pushed(number))
    assert journal.first == 3
    held = {after: [entry.sequence for entry in journal.after(after)] for after in (0, 2, 3, 5, 9)}
    assert held == {0: [3, 4, 5], 2: [3, 4, 5], 3: [4, 5], 5: [], 9: []}
