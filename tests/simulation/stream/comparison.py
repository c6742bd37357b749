"""Compare what a reader was told with the truth. Pure. Times are seconds since the Unix epoch."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Any, Final

_SHOWN: Final = 5


@dataclass
class Told:
    """What one reader was told."""

    events: list[Mapping[str, Any]] = field(default_factory=list[Mapping[str, Any]])
    gaps: list[tuple[float, float, str]] = field(default_factory=list[tuple[float, float, str]])
    calls: int = 0

    def add(self, answer: Mapping[str, Any], now: float) -> None:
        self.calls += 1
        self.events += answer["events"]
        for gap in answer["gaps"]:
            since = datetime.fromisoformat(gap["since"]).timestamp() if "since" in gap else 0.0
            until = datetime.fromisoformat(gap["until"]).timestamp() if "until" in gap else now
            self.gaps.append((since, until, gap["reason"]))

    def is_in_gap(self, at: float) -> bool:
        return any(since <= at <= until for since, until, _ in self.gaps)


def content(event: Mapping[str, Any]) -> str:
    """Return an event as a text that identifies it; keys are masked, so they are left out."""
    plain = {name: value for name, value in event.items() if name != "listenKey"}
    return json.dumps(plain, sort_keys=True)


def figures(told: Told, truth: Sequence[Mapping[str, Any]]) -> str:
    got = set(map(content, _data(told)))
    inside = sum(told.is_in_gap(each["time"] / 1000) for each in truth)
    missing = sum(content(each["event"]) not in got for each in truth)
    reasons = Counter(reason for _, _, reason in set(told.gaps))
    return (
        f"{len(told.events)} of {len(truth)} events in {told.calls} calls, {missing} missing; "
        f"{inside} were sent in a gap; gaps: {dict(reasons)}"
    )


def violations(told: Told, truth: Sequence[Mapping[str, Any]], since: float) -> Iterator[str]:
    """Yield what is wrong with what a reader was told of the time since then."""
    got = Counter(map(content, _data(told)))
    lost = [
        f"{each['sequence']} of {each['time']} ({each['event']['e']}, to {each['delivered']})"
        for each in truth
        if each["time"] / 1000 >= since
        and content(each["event"]) not in got
        and not told.is_in_gap(each["time"] / 1000)
    ]
    yield from _some("lost without a gap", lost)
    yield from _some("told twice", [each for each, count in got.items() if count > 1])
    sent = {content(each["event"]) for each in truth}
    yield from _some("never sent", [each for each in got if each not in sent])
    steps = pairwise(each["sequence"] for each in told.events)
    yield from _some("holes in the sequence", [f"{a} to {b}" for a, b in steps if b != a + 1])
    place = {content(each["event"]): each["sequence"] for each in truth}
    order = [place[each] for each in map(content, _data(told)) if each in place]
    yield from _some("out of order", [f"{a}, {b}" for a, b in pairwise(order) if b < a])


def _data(told: Told) -> Iterator[Mapping[str, Any]]:
    return (each["data"] for each in told.events)


def _some(what: str, found: Sequence[str]) -> Iterator[str]:
    if found:
        yield f"{len(found)} {what}: {'; '.join(found[:_SHOWN])}"
