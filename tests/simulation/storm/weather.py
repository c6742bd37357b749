"""What the keeper will meet, drawn from a seed before anything happens. Pure.

Times are seconds of true time.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle
from random import Random
from typing import Final

from binance_mcp.sandbox.faults import FAULTS
from tests.simulation.storm.span import Span

MINUTE: Final = 60.0
HOUR: Final = 3600.0
DAY: Final = 24 * HOUR
LATE: Final = "late"
"""The request is carried out, and its answer comes when nobody waits for it any more."""
LIMITS: Final = ("http_429_-1003", "http_418_-1003")
PASSING: Final = (
    LATE,
    *LIMITS,
    "http_400_-1021",
    "http_400_-1125",
    *(name for name in FAULTS if not name.startswith("http_4") or name.startswith("http_408")),
)
LASTING: Final = tuple(name for name in FAULTS if name not in PASSING)
"""What does not pass by itself as a rule, and is therefore not retried soon."""
_OUTAGES: Final = tuple(
    name for name in PASSING if name not in (LATE, *LIMITS) and not name.startswith("http_400")
)
_LONGEST_OUTAGE: Final = 25 * MINUTE
_LONGEST_WAIT: Final = 120
_LONGEST_HINT: Final = 7200
"""What a `Retry-After` may say with an error that is no limit of Binance's."""
_DEEDS: Final = (("DELETE",), ("DELETE", "POST"), ("POST",))


@dataclass(frozen=True)
class Outage:
    """A span in which every request fails."""

    span: Span
    faults: tuple[str, ...]


@dataclass(frozen=True)
class Strike:
    """A fault of the first request after a moment."""

    at: float
    fault: str
    retry_after: int | None


@dataclass(frozen=True)
class Deed:
    """Requests that another program of the account sends at a moment."""

    at: float
    methods: tuple[str, ...]


@dataclass(frozen=True)
class Weather:
    """All that is going to happen."""

    seconds: float
    outages: tuple[Outage, ...] = ()
    strikes: tuple[Strike, ...] = ()
    deeds: tuple[Deed, ...] = ()
    naps: tuple[Span, ...] = ()
    """When the machine sleeps."""


def calm(days: float) -> Weather:
    """Return a time in which nothing happens."""
    return Weather(days * DAY)


def storm(seed: int, days: float) -> Weather:
    """Return a time in which everything happens, but for a calm start and end."""
    rng, seconds = Random(seed), days * DAY  # noqa: S311  # it is to be the same again
    last = seconds - 3 * HOUR
    return Weather(
        seconds,
        outages=tuple(outage for outage in _outages(rng, last) if outage.span.end < last),
        strikes=tuple(_strikes(rng, last)),
        deeds=tuple(Deed(at, rng.choice(_DEEDS)) for at in _moments(rng, last, HOUR, 18 * HOUR)),
        naps=tuple(nap for nap in _naps(rng, last) if nap.end < last),
    )


def _moments(rng: Random, last: float, shortest: float, longest: float) -> Iterator[float]:
    at = rng.uniform(HOUR, 2 * HOUR)
    while at < last:
        yield at
        at += rng.uniform(shortest, longest)


def _outages(rng: Random, last: float) -> Iterator[Outage]:
    at = rng.uniform(HOUR, 2 * HOUR)
    while at < last:
        span = Span(at, at + rng.uniform(MINUTE / 2, _LONGEST_OUTAGE))
        yield Outage(span, rng.choice([_OUTAGES, (rng.choice(_OUTAGES),)]))
        soon, later = rng.uniform(MINUTE / 2, 6 * MINUTE), rng.uniform(HOUR, 6 * HOUR)
        at = span.end + rng.choice([soon, later, later])


def _strikes(rng: Random, last: float) -> Iterator[Strike]:
    faults = [*PASSING, *LASTING]
    rng.shuffle(faults)
    for at, fault in zip(_moments(rng, last, HOUR, 3 * HOUR), cycle(faults), strict=False):
        longest = _LONGEST_WAIT if fault in LIMITS else _LONGEST_HINT
        wait = rng.choice([None, rng.randint(1, longest)])
        yield Strike(at, fault, wait)


def _naps(rng: Random, last: float) -> Iterator[Span]:
    for at in _moments(rng, last, 13 * HOUR, 48 * HOUR):
        yield Span(at, at + rng.choice([12 * HOUR, rng.uniform(MINUTE, 3 * HOUR)]))
