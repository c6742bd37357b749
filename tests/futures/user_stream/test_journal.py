from collections.abc import Callable
from typing import Final

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from binance_mcp.futures.user_stream import journal as journal_module
from binance_mcp.futures.user_stream.cursor import Cursor
from binance_mcp.futures.user_stream.event import UserEvent
from binance_mcp.futures.user_stream.gap import Gap, GapReason
from binance_mcp.futures.user_stream.journal import Journal, Page
from binance_mcp.futures.user_stream.store import Entry, Past

pytestmark = pytest.mark.anyio


def event(number: int, kind: str = "X") -> UserEvent:
    return UserEvent(f"{kind}:{number}", kind, number, None, None, {"e": kind, "n": number})


def filled(journal: Journal, *numbers: int, kind: str = "X") -> Journal:
    for number in numbers:
        journal.append(event(number, kind), size=100, at=float(number))
    return journal


def read(
    journal: Journal,
    cursor: Cursor | None = None,
    *,
    is_wanted: Callable[[Entry], bool] = lambda _: True,
    most: int = 100,
    most_bytes: int = 10**6,
) -> Page:
    return journal.read(
        cursor or journal.oldest, is_wanted=is_wanted, most=most, most_bytes=most_bytes
    )


def numbers(page: Page) -> list[int]:
    return [entry.event.data["n"] for entry in page.entries]


async def test_events_are_numbered_from_one_and_read_in_order() -> None:
    page = read(filled(Journal(), 7, 8, 9))
    assert [entry.sequence for entry in page.entries] == [1, 2, 3]
    assert numbers(page) == [7, 8, 9]
    assert (page.has_more, page.is_truncated) == (False, False)


async def test_an_event_that_arrives_twice_is_kept_once() -> None:
    journal = Journal()
    assert journal.append(event(1), size=1, at=1.0)
    assert not journal.append(event(1), size=1, at=2.0)
    assert journal.has(event(1))
    assert not journal.has(event(2))
    assert numbers(read(journal)) == [1]


async def test_ids_are_remembered_up_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_module, "_IDS_KEPT", 2)
    journal = filled(Journal(), 1, 2, 3)
    assert [journal.has(event(number)) for number in (1, 2, 3)] == [False, True, True]


async def test_each_reader_goes_on_where_it_was() -> None:
    journal = filled(Journal(), 1, 2, 3)
    first = read(journal, most=2)
    assert (numbers(first), first.has_more) == ([1, 2], True)
    filled(journal, 4)
    assert numbers(read(journal, first.next)) == [3, 4]
    assert numbers(read(journal, first.next)) == [3, 4]
    assert numbers(read(journal)) == [1, 2, 3, 4]
    assert numbers(read(journal, read(journal).next)) == []


async def test_the_newest_events_are_read_without_those_before_them() -> None:
    journal = filled(Journal(most_events=3), 1, 2, 3, 4)
    newest = {count: numbers(read(journal, journal.newest(count))) for count in (0, 2, 9)}
    assert newest == {0: [], 2: [3, 4], 9: [2, 3, 4]}
    assert not read(journal, journal.newest(9)).is_truncated


async def test_a_page_is_bounded_in_bytes_but_has_an_event() -> None:
    journal = filled(Journal(), 1, 2, 3)
    assert numbers(read(journal, most_bytes=250)) == [1, 2]
    assert numbers(read(journal, most_bytes=1)) == [1]


async def test_a_filter_passes_over_what_is_not_wanted() -> None:
    journal = filled(filled(Journal(), 1, 2), 3, kind="Y")
    page = read(journal, is_wanted=lambda entry: entry.event.type == "Y")
    assert numbers(page) == [3]
    assert page.next.sequence == 3
    nothing = read(journal, is_wanted=lambda _: False)
    assert nothing.next.sequence == 3
    assert journal.types == {"X", "Y"}


async def test_a_gap_is_told_once_to_each_reader_and_as_long_as_it_lasts() -> None:
    journal = filled(Journal(), 1)
    journal.begin_gap(10.0, GapReason.DEAF)
    journal.begin_gap(11.0, GapReason.DISCONNECTED)
    present = Gap(1, 1, 10.0, None, GapReason.DEAF)
    assert journal.gap == present
    assert journal.covered_since is None
    first = read(journal)
    assert first.gaps == (present,)
    assert read(journal, first.next).gaps == (present,)
    journal.end_gap(20.0)
    journal.end_gap(21.0)
    ended = Gap(1, 1, 10.0, 20.0, GapReason.DEAF)
    second = read(journal, first.next)
    assert second.gaps == (ended,)
    assert read(journal, second.next).gaps == ()
    assert (journal.gap, journal.covered_since, journal.gap_count) == (None, 20.0, 1)


async def test_a_second_reason_that_began_earlier_widens_a_gap() -> None:
    journal = Journal()
    journal.begin_gap(100.0, GapReason.DISCONNECTED)
    journal.begin_gap(50.0, GapReason.ROTATION)
    journal.begin_gap(70.0, GapReason.DEAF)
    journal.end_gap(101.0)
    assert read(journal).gaps == (Gap(1, 0, 50.0, 101.0, GapReason.DISCONNECTED),)


async def test_a_gap_after_the_events_of_a_page_is_told_with_those_behind_it() -> None:
    journal = filled(Journal(), 1, 2)
    journal.begin_gap(10.0, GapReason.DEAF)
    journal.end_gap(20.0)
    filled(journal, 3)
    first = read(journal, most=1)
    assert first.gaps == ()
    assert len(read(journal, first.next).gaps) == 1


async def test_too_many_events_are_dropped_from_the_oldest_on_and_that_is_told() -> None:
    journal = filled(Journal(most_events=3), 1, 2, 3)
    reader = read(journal, most=1)
    filled(journal, 4, 5, 6)
    page = read(journal, reader.next)
    assert numbers(page) == [4, 5, 6]
    assert page.is_truncated
    assert page.gaps == (Gap(0, 0, 1.0, 3.0, GapReason.OVERFLOW),)
    assert read(journal, page.next).gaps == ()
    assert journal.count == 3


async def test_a_reader_that_kept_up_misses_nothing_of_what_was_dropped() -> None:
    journal = filled(Journal(most_events=3), 1, 2, 3)
    reader = read(journal)
    filled(journal, 4, 5, 6)
    page = read(journal, reader.next)
    assert (numbers(page), page.is_truncated, page.gaps) == ([4, 5, 6], False, ())


async def test_the_bytes_are_bounded_but_the_last_event_is_held() -> None:
    journal = filled(Journal(most_bytes=250), 1, 2, 3)
    assert numbers(read(journal)) == [2, 3]
    journal.append(event(4), size=1000, at=4.0)
    assert numbers(read(journal)) == [4]


async def test_many_gaps_become_one_at_their_beginning() -> None:
    journal = Journal()
    for number in range(250):
        journal.begin_gap(2.0 * number, GapReason.DEAF)
        journal.end_gap(2.0 * number + 1)
    gaps = read(journal).gaps
    assert len(gaps) == 200
    assert gaps[0].since == 0.0
    assert gaps[0].until == 101.0
    assert gaps[-1].number == journal.gap_count == 250


async def test_a_cursor_of_another_journal_is_answered_with_everything_and_a_gap() -> None:
    other = read(filled(Journal(), *range(50))).next
    journal = filled(Journal(), 5, 6)
    page = read(journal, other)
    assert numbers(page) == [5, 6]
    assert page.is_truncated
    assert page.gaps == (Gap(0, 0, None, 5.0, GapReason.OTHER_JOURNAL),)
    assert read(Journal(), other).gaps == (Gap(0, 0, None, None, GapReason.OTHER_JOURNAL),)


PAST: Final = Past(
    "0123abcd",
    lives=(3,),
    entries=tuple(Entry(number, float(number), 100, event(number)) for number in (2, 3)),
    gaps=(Gap(1, 3, 3.0, None, GapReason.RESTART),),
    dropped=Gap(0, 0, 1.0, 1.0, GapReason.OVERFLOW),
)


async def test_a_journal_goes_on_where_its_past_ended() -> None:
    journal = Journal(past=PAST)
    journal.end_gap(4.0)
    filled(journal, 2, 4)
    page = read(journal)
    assert [entry.sequence for entry in page.entries] == [2, 3, 4]
    assert numbers(page) == [2, 3, 4]
    assert page.is_truncated
    assert page.next == Cursor("0123abcd", 1, 4, 1)


async def test_what_an_earlier_life_lost_at_its_end_hides_nothing_that_came_later() -> None:
    journal = filled(Journal(past=PAST), 4, 5)
    assert numbers(read(journal, Cursor("0123abcd", 0, 5, 0))) == [4, 5]
    assert numbers(read(journal, Cursor("0123abcd", 0, 2, 0))) == [3, 4, 5]
    future = read(journal, Cursor("0123abcd", 2, 5, 0))
    assert numbers(future) == [2, 3, 4, 5]
    assert future.gaps[0].reason is GapReason.OTHER_JOURNAL


async def test_readers_that_wait_are_woken_by_an_event_and_by_a_gap() -> None:
    journal = Journal()
    woken: list[str] = []

    async def wait(name: str) -> None:
        await journal.changes()
        woken.append(name)

    for change in (
        lambda: journal.append(event(1), size=1, at=1.0),
        lambda: journal.begin_gap(1.0, GapReason.DEAF),
        lambda: journal.end_gap(2.0),
    ):
        async with anyio.create_task_group() as tasks:
            for name in "ab":
                tasks.start_soon(wait, name)
            await anyio.wait_all_tasks_blocked()
            change()
    assert sorted(woken) == list("aaabbb")


@given(
    st.lists(st.sampled_from(["event", "again", "gap", "end"]), max_size=60),
    st.integers(1, 5),
    st.integers(1, 20),
)
def test_nobody_misses_an_event_without_a_gap_and_nobody_reads_one_twice(
    steps: list[str], most: int, held: int
) -> None:
    anyio.run(reading, steps, most, held)


async def reading(steps: list[str], most: int, held: int) -> None:
    journal = Journal(most_events=held)
    cursor, seen, number = journal.oldest, list[int](), 0
    for step in steps:
        if step == "event":
            number += 1
            filled(journal, number)
        elif step == "again":
            filled(journal, number)
        elif step == "gap":
            journal.begin_gap(float(number), GapReason.DEAF)
        else:
            journal.end_gap(float(number))
        if len(steps) % 3 == 0 or step == "again":
            cursor = await _read_on(journal, cursor, seen, most)
    while (page := read(journal, cursor, most=most)).entries:
        cursor = _noted(page, seen)
    assert sorted(set(seen)) == seen
    assert not seen or seen[-1] == number


async def _read_on(journal: Journal, cursor: Cursor, seen: list[int], most: int) -> Cursor:
    return _noted(read(journal, cursor, most=most), seen)


def _noted(page: Page, seen: list[int]) -> Cursor:
    """Note what was read; wherever a number is left out, that was told."""
    found = numbers(page)
    before = seen[-1] if seen else 0
    if found and found[0] > before + 1:
        assert page.is_truncated
    assert found == list(range(found[0], found[-1] + 1)) if found else True
    seen += found
    return page.next
