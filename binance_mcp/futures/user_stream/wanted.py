"""Which events a reader wants."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from binance_mcp.futures.user_stream.event import UserEvent
from binance_mcp.futures.user_stream.store import Entry

_POSITIONS = (("a", "P"), ("p",))
"""Where events of the whole account list positions."""


@dataclass(frozen=True)
class Wanted:
    """A filter. What is None does not matter."""

    types: frozenset[str] | None = None
    symbol: str | None = None
    """An event that lists the positions of several symbols concerns each of them."""
    since: float | None = None
    """Received since then, in seconds since the Unix epoch."""

    def __call__(self, entry: Entry) -> bool:
        """Return whether an event is wanted."""
        return (
            (self.types is None or entry.event.type in self.types)
            and (self.since is None or entry.received_at >= self.since)
            and (self.symbol is None or self.symbol in symbols(entry.event))
        )


def symbols(event: UserEvent) -> frozenset[str]:
    """Return the symbols that an event concerns."""
    if event.symbol is not None:
        return frozenset([event.symbol])
    return frozenset(symbol for path in _POSITIONS for symbol in _listed(event.data, path))


def _listed(data: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    found: object = data
    for name in path:
        found = _member(found, name)
    for each in cast("list[object]", found) if isinstance(found, list) else ():
        if isinstance(symbol := _member(each, "s"), str):
            yield symbol


def _member(value: object, name: str) -> object:
    return cast("Mapping[str, object]", value).get(name) if isinstance(value, Mapping) else None
