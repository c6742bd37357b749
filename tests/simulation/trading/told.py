"""What a reader was told: events, and gaps as they were told last."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.simulation.trading.truth import Change, change_of

Report = Mapping[str, Any]


@dataclass
class Told:
    """What one reader was told, by however many servers."""

    events: list[Report] = field(default_factory=list[Report])
    gaps: dict[tuple[object, ...], Report] = field(default_factory=dict[tuple[object, ...], Report])
    """Those that have ended."""
    calls: int = 0

    def add(self, answer: Report) -> None:
        self.calls += 1
        self.events += answer["events"]
        for gap in answer["gaps"]:
            if "until" in gap:
                self.gaps[gap["afterSequence"], gap.get("since"), gap["reason"]] = gap

    def changes(self) -> Iterator[tuple[Change, Report]]:
        """Yield each change with the event that tells of it."""
        for event in self.events:
            if change := change_of(event["data"]):
                yield change, event

    @property
    def unsettled(self) -> list[Report]:
        """The gaps of which more is to be known."""
        return [gap for gap in self.gaps.values() if "since" in gap and "repair" not in gap]

    def gaps_at(self, milliseconds: int) -> list[Report]:
        """Return the gaps in which a time lies."""
        at = milliseconds / 1000
        return [g for g in self.gaps.values() if _begin(g) <= at <= _time(g["until"])]

    @property
    def stops_since(self) -> dict[str, int]:
        """When the first stop of each symbol was told of, in milliseconds."""
        events = (each["data"] for each in reversed(self.events))
        return {each["o"]["s"]: each["E"] for each in events if each["e"] == "ALGO_UPDATE"}

    @property
    def reasons(self) -> Counter[str]:
        return Counter(gap["reason"] for gap in self.gaps.values())


def _begin(gap: Report) -> float:
    return _time(gap["since"]) if "since" in gap else 0.0


def _time(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
