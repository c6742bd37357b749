"""Whether the journal was repaired as is promised, judged by what happened to the account. Pure.

It is promised that every change of an order, a stop or a position by a fill is in the journal
once, as it happened, or inside a gap that says why it could not be read; that a gap is settled
within seconds of its end, for little request weight, unless a read fails; and that no keepalive is
late because of a read.
"""

import math
import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from itertools import groupby, pairwise
from typing import Any, Final

from binance_mcp.futures.user_stream.change import Change
from binance_mcp.futures.user_stream.gap import Gap, GapReason
from binance_mcp.futures.user_stream.store import Entry
from tests.simulation.events.verdict import is_inside
from tests.simulation.repair.course import Course
from tests.simulation.repair.exchange import Asked
from tests.simulation.storm.machine import START_OF_A_MINUTE
from tests.simulation.storm.span import Span

_SOON: Final = 5.0
_SOON_SHARE: Final = 0.999
_MOST_WEIGHT: Final = 130
_LATEST_KEEPALIVE: Final = 2100.0 + 60.0 + 10.0
"""Its interval and jitter, a minute in which Binance wants no requests, and the call itself."""
_NOT_LISTED: Final = re.compile(
    r"how (order|conditional order) (\d+) of (\w+) ended after (.+?) is not listed any more"
)
_UNFILLED: Final = (
    "Binance does not list orders that were cancelled unfilled over 3 days ago",
    "orders placed more than 6 days earlier and ended without a fill are not found",
    "orders placed and ended unfilled in other symbols are not found",
)
_STOPS: Final = (_UNFILLED[0], "conditional orders placed and ended in that time are not found")
_TOGETHER: Final = 0.01
"""Gaps that are settled within such a time were asked about together."""
_SHOWN: Final = 20


class Verdict:
    """What is to be said of a course."""

    def __init__(self, course: Course) -> None:
        self._course = course
        self._world = course.world
        self._truth = course.world.truth.changes
        self._kept = course.world.notes.by_change
        self._gaps = sorted(course.world.notes.gaps.values(), key=lambda gap: gap.number)
        self.excused: Counter[str] = Counter()
        self.lost: list[str] = []
        self._not_listed = dict(_not_listed(self._gaps))
        for change, happened in self._truth.items():
            if change not in self._kept:
                self._judge(change, happened.at)
        self.repairs = [
            _Repair(gaps, self._world.exchange.reads, course.world.notes.settled)
            for gaps in self._asked()
        ]

    def broken_promises(self) -> list[str]:
        """Return every broken promise, as a line."""
        clean = self._clean()
        late = [each for each in clean if each.seconds > _SOON]
        heavy = [each for each in clean if each.weight > _MOST_WEIGHT]
        return [
            *_some("lost", self.lost),
            *_some("twice", [str(each) for each in self._twice()]),
            *_some("never happened", [str(each) for each in self._kept.keys() - self._truth]),
            *_some("otherwise than it happened", list(self._differences())),
            *_some("not settled", [str(gap) for gap in self._unsettled()]),
            *(_some("late", map(str, late)) if len(late) > (1 - _SOON_SHARE) * len(clean) else ()),
            *_some("heavy", [str(each) for each in heavy]),
            *_some("keepalives that are late", [str(each) for each in self._late_keepalives()]),
        ]

    def figures(self) -> list[str]:
        """Return what can be counted, as lines."""
        lives, reads = self._world.lives, self._world.exchange.reads
        repaired = sum(any(each.source for each in entries) for entries in self._kept.values())
        reasons = Counter(gap.reason.value for gap in self._gaps)
        figures: dict[str, object] = {
            "virtual days": round((lives[-1].end - lives[0].start) / 86_400),
            "happened": dict(self._course.happened),
            "processes": len(lives),
            "changes": len(self._truth),
            "  of them fills": sum(kind == "fill" for _, kind, *_ in self._truth),
            "  received": len(self._kept) - repaired,
            "  repaired": repaired,
            "  in gaps that say": dict(self.excused),
            "  lost": len(self.lost),
            "  twice": len(self._twice()),
            "gaps": f"{len(self._gaps)}: {dict(reasons)}",
            "  not repairable": sum(bool(g.repair and g.repair.is_refused) for g in self._gaps),
            **self._figures_of_repairs(),
            "reads": f"{len(reads)}, of {sum(each.weight for each in reads)} weight",
            "keepalives": len(self._world.exchange.extensions),
            "  longest pause": f"{max(self._pauses(), default=0):.0f} s",
        }
        return [f"{name:18} {value}" for name, value in figures.items()]

    def _figures_of_repairs(self) -> dict[str, object]:
        clean = self._clean()
        seconds, weights = [each.seconds for each in clean], [each.weight for each in clean]
        failed = [each.after_failure for each in self.repairs if each.after_failure]
        return {
            "repairs": len(self.repairs),
            "  without failures": len(clean),
            "  within 5 s": sum(each <= _SOON for each in seconds),
            "  the last after": f"{max(seconds, default=0):.2f} s",
            "  most weight": max(weights, default=0),
            "  mean weight": round(sum(weights) / max(len(weights), 1)),
            "  with failed reads": f"{len(failed)}, settled at most {max(failed, default=0):.0f} s "
            "after the last failure",
        }

    def _judge(self, change: Change, at: float) -> None:
        reasons = (_reason(change, gap) for gap in self._gaps if is_inside(gap, at))
        if self._not_listed.get(change, math.inf) <= at + 1:
            self.excused["its end is not listed any more"] += 1
        elif reason := next(filter(None, reasons), None):
            self.excused[reason] += 1
        else:
            gaps = [(gap.reason.value, gap.repair) for gap in self._gaps if is_inside(gap, at)]
            self.lost.append(f"{change} at {at - START_OF_A_MINUTE:.3f} s, inside {gaps}")

    def _twice(self) -> list[Change]:
        """Return what is in the journal more than once.

        A stop is received twice as it is triggered: when that begins, and when it is done.
        """
        return [
            change
            for change, entries in self._kept.items()
            if len(entries) > (2 if change[3] == "triggered" else 1)
            or (len(entries) > 1 and any(entry.source for entry in entries))
        ]

    def _differences(self) -> Iterator[str]:
        for change, entries in self._kept.items():
            if entries[-1].source and change in self._truth:
                yield from _differences(change, entries[-1], self._truth[change].order)

    def _unsettled(self) -> list[Gap]:
        """Return the gaps about which nothing is said, but for the first, before which none was."""
        return [gap for gap in self._gaps if gap.repair is None and gap.since is not None]

    def _asked(self) -> Iterator[tuple[Gap, ...]]:
        """Yield the gaps that were repaired together; what was withheld is not awaited."""
        settled = [
            gap
            for gap in self._gaps
            if gap.repair and not gap.repair.is_refused and gap.reason is not GapReason.WITHHELD
        ]
        for _, gaps in groupby(settled, key=lambda gap: gap.repair and round(gap.repair.at, 2)):
            yield tuple(gaps)

    def _clean(self) -> "list[_Repair]":
        """Return the repairs of which no read failed, and no process ended."""
        lives = self._world.lives
        return [
            each
            for each in self.repairs
            if each.after_failure == 0
            and any(life.start <= each.span.start and each.span.end <= life.end for life in lives)
        ]

    def _pauses(self) -> list[float]:
        """Return the seconds between the keepalives of each process."""
        times = self._world.exchange.extensions
        return [
            later - earlier
            for life in self._world.lives
            for earlier, later in pairwise(
                [*(at for at in times if life.start <= at <= life.end), life.end]
            )
        ]

    def _late_keepalives(self) -> list[float]:
        return [pause for pause in self._pauses() if pause > _LATEST_KEEPALIVE]


class _Repair:
    """The repair of gaps that were asked about together."""

    def __init__(
        self, gaps: Sequence[Gap], reads: Sequence[Asked], settled_at: Sequence[float]
    ) -> None:
        ends = [gap.until for gap in gaps if gap.until is not None]
        settled = [gap.repair.at for gap in gaps if gap.repair]
        self.span = Span(max(ends), max(settled))
        self.seconds = self.span.end - self.span.start
        earlier = settled_at[: bisect_left(settled_at, self.span.end - _TOGETHER)]
        begun = max([self.span.start, *earlier[-1:]])  # until then, another was being repaired
        first = bisect_left(reads, begun, key=lambda each: each.at)
        last = bisect_right(reads, self.span.end, key=lambda each: each.at)
        asked = reads[first:last]
        self.weight = sum(each.weight for each in asked)
        failures = [each.at for each in asked if not each.is_answered]
        self.after_failure = self.span.end - failures[-1] if failures else 0.0

    def __str__(self) -> str:
        return f"{self.seconds:.2f} s, {self.weight} weight, at {self.span.end:.0f}"


def _reason(change: Change, gap: Gap) -> str | None:
    """Return why a gap says that a change in it could not be read; None if it does not."""
    if gap.since is None:
        return "before the first connection"
    if gap.repair is None or gap.repair.problem is None:
        return None
    if gap.repair.is_refused:
        return "refused"
    known = {"order": _UNFILLED, "stop": _STOPS}.get(change[1], ())
    return next((each for each in known if each in gap.repair.problem), None)


def _not_listed(gaps: Sequence[Gap]) -> Iterator[tuple[Change, float]]:
    """Yield the ends of which a gap says that they are not listed, and after when they were."""
    for gap in gaps:
        problem = gap.repair and gap.repair.problem
        for what, number, symbol, date in _NOT_LISTED.findall(problem or ""):
            kind = "order" if what == "order" else "stop"
            at = datetime.strptime(date, "%Y-%m-%d %H:%M:%S UTC").replace(tzinfo=UTC)
            yield (symbol, kind, number, "ended"), at.timestamp()


def _differences(change: Change, entry: Entry, right: Mapping[str, Any]) -> Iterator[str]:
    """Yield the members that a repaired event has otherwise than what happened."""
    for name, value in entry.event.data["o"].items():
        if not _is_same(value, right.get(name)):
            yield f"{change}: {name} is {value!r}, but was {right.get(name)!r}"


def _is_same(value: object, right: object) -> bool:
    if isinstance(value, str) and isinstance(right, str) and value[:1].isdigit():
        return Decimal(value) == Decimal(right)
    return value == right


def _some(what: str, found: "Sequence[str] | map[str]") -> list[str]:
    listed = list(found)
    return [f"{len(listed)} {what}:", *listed[:_SHOWN]] if listed else []
