"""Whether a stream did what it promises, judged by what the exchange sent. Pure.

It promises that every event is in the journal or inside a gap, none twice, in Binance's order, and
that each reader sees each of them once, or is told that they are no longer held.
"""

from collections import Counter
from collections.abc import Iterable
from itertools import pairwise
from typing import Final

from binance_mcp.futures.user_stream.event import parse_frame
from binance_mcp.futures.user_stream.gap import Gap
from binance_mcp.sandbox.event_log import RecordedEvent
from binance_mcp.sandbox.http_messages import compact_json
from tests.simulation.events.course import Outcome
from tests.simulation.storm.machine import START_OF_A_MINUTE

ROUNDING: Final = 0.001
"""The exchange's times are whole milliseconds, rounded down."""


def event_id(recorded: RecordedEvent) -> str:
    event = parse_frame(compact_json(recorded.event))
    assert event is not None
    return event.event_id


def is_inside(gap: Gap, at: float) -> bool:
    """Return whether a time of the exchange's is inside a gap."""
    since = gap.since is None or gap.since - ROUNDING <= at
    return since and (gap.until is None or at <= gap.until)


def missing(outcome: Outcome) -> list[RecordedEvent]:
    """Return the events that are not in the journal."""
    kept = {entry.event.event_id for entry in outcome.recorder.entries}
    return [each for each in outcome.truth if event_id(each) not in kept]


def lost(outcome: Outcome) -> list[RecordedEvent]:
    """Return the events that are neither in the journal nor inside a gap."""
    gaps = outcome.recorder.gaps.values()
    return [
        each
        for each in missing(outcome)
        if not any(is_inside(gap, each.time / 1000) for gap in gaps)
    ]


def broken_promises(outcome: Outcome) -> list[str]:
    """Return every broken promise, as a line."""
    entries = outcome.recorder.entries
    places = {event_id(each): each.sequence for each in outcome.truth}
    order = [places.get(entry.event.event_id, -1) for entry in entries]
    return [
        *(f"lost: {_told(each, outcome)}" for each in lost(outcome)),
        *(["holes in the sequence"] if not _is_count(entry.sequence for entry in entries) else []),
        *(
            f"twice or out of order: {one}, {other}"
            for one, other in pairwise(order)
            if one >= other
        ),
        *(line for number in range(len(outcome.readers)) for line in _of_reader(outcome, number)),
    ]


def figures(outcome: Outcome) -> list[str]:
    """Return what can be counted, as lines."""
    absent = len(missing(outcome))
    gaps = [gap for gap in outcome.recorder.gaps.values() if gap.since and gap.until]
    counts = Counter(gap.reason for gap in gaps)
    seconds: Counter[str] = Counter()
    for gap in gaps:
        seconds[gap.reason] += round((gap.until or 0.0) - (gap.since or 0.0))
    return [
        f"virtual time      {outcome.seconds / 86_400:.1f} days",
        f"events            {len(outcome.truth)}",
        f"in the journal    {len(outcome.recorder.entries)}",
        f"inside gaps       {absent - len(lost(outcome))}, lost: {len(lost(outcome))}",
        f"reconnects        {outcome.reconnects}",
        f"happened          {outcome.happened}",
        *(f"gaps {reason:12} {counts[reason]}, {seconds[reason]} s" for reason in counts),
    ]


def _is_count(numbers: Iterable[int]) -> bool:
    return all(number == place for place, number in enumerate(numbers, start=1))


def _told(recorded: RecordedEvent, outcome: Outcome) -> str:
    at = recorded.time / 1000
    gaps = outcome.recorder.gaps.values()
    since = [(gap.since - at, gap.reason.value) for gap in gaps if gap.since and gap.since > at]
    later, reason = min(since, default=(0.0, "no later gap"))
    return (
        f"event {recorded.sequence} of {at - START_OF_A_MINUTE:.3f} s, delivered to "
        f"{recorded.delivered}; the next gap begins {later:.3f} s later: {reason}"
    )


def _of_reader(outcome: Outcome, number: int) -> list[str]:
    reader, recorder = outcome.readers[number], outcome.recorder
    steps = Counter(later - earlier for earlier, later in pairwise([0, *reader.seen]))
    again = sum(count for step, count in steps.items() if step < 1)
    skipped = sum(count for step, count in steps.items() if step > 1)
    told = {gap.number for gap in reader.gaps}
    ended = {gap.number for gap in recorder.gaps.values() if gap.until is not None}
    return [
        *([f"reader {number} saw {again} events again"] if again else []),
        *(
            [f"reader {number} was told of {reader.overflows} of {skipped} jumps"]
            if skipped > reader.overflows
            else []
        ),
        *(
            [f"reader {number} did not see the last"]
            if reader.seen[-1] != len(recorder.entries)
            else []
        ),
        *(
            [f"reader {number} was not told of gaps {sorted(ended - told)[:5]}"]
            if ended - told and len(ended) < 200
            else []
        ),
        *([f"reader {number} was told of a gap twice"] if len(told) < len(reader.gaps) else []),
    ]
