"""Spans of time, and what can be asked of many. Pure."""

from collections.abc import Iterable
from typing import NamedTuple


class Span(NamedTuple):
    """From one moment to another, in seconds of true time."""

    start: float
    end: float

    @property
    def seconds(self) -> float:
        return self.end - self.start

    def overlap(self, other: "Span") -> float:
        """Return how many seconds are in both."""
        return max(min(self.end, other.end) - max(self.start, other.start), 0.0)


def first_gap(spans: Iterable[Span], *, since: float, seconds: float) -> float:
    """Return when, at `since` or later, so many seconds begin that no span touches."""
    start = since
    for span in sorted(spans):
        if span.end <= start:
            continue
        if span.start - start >= seconds:
            break
        start = span.end
    return start


def covers(spans: Iterable[Span], wanted: Span, *, tolerance: float = 0.01) -> bool:
    """Return whether one of the spans has all of another in it."""
    return any(
        span.start <= wanted.start + tolerance and wanted.end <= span.end + tolerance
        for span in spans
    )
