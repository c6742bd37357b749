"""What really became of the account's listen key, as the exchange saw it.

The times are true; nothing in here knows the keeper.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from tests.simulation.storm.span import Span

_VALIDITY_SECONDS: Final = 3600.0


@dataclass
class History:
    """Every request, and every change of the key."""

    requests: list[float] = field(default_factory=list[float])
    """When the keeper sent them."""
    extensions: list[float] = field(default_factory=list[float])
    """When one of them extended a key, or created it."""
    lapses: list[Span] = field(default_factory=list[Span])
    """When there was no key, between one and the next."""
    waits: list[Span] = field(default_factory=list[Span])
    """When no request was wanted, and the keeper had been told so."""
    trespasses: list[float] = field(default_factory=list[float])
    """When it sent one all the same."""
    refusals: list[float] = field(default_factory=list[float])
    """When it was refused for what does not pass by itself."""
    faults: Counter[str] = field(default_factory=Counter[str])
    """How often each fault struck."""
    ends: list[float] = field(default_factory=list[float])
    """When a request ended a key."""
    keys: list[str] = field(default_factory=list[str])
    """Every key, in the order of their lives."""
    valid_until: float = 0.0

    def request(self, at: float) -> None:
        self.requests.append(at)
        if any(at < wait.end for wait in self.waits[-1:]):
            self.trespasses.append(at)

    def extend(self, key: str, at: float, *, is_ours: bool) -> None:
        """Take in that the exchange gave an hour more to a key: the last, if it was still valid."""
        is_last = self.keys[-1:] == [key]
        assert is_last == bool(self.keys and at < self.valid_until), "this is no exchange"
        if not is_last:
            if self.keys:
                self.lapses.append(Span(self.valid_until, at))
            self.keys.append(key)
        self.valid_until = at + _VALIDITY_SECONDS
        if is_ours:
            self.extensions.append(at)

    def end(self, at: float) -> None:
        """Take in that the exchange ended the key."""
        assert at < self.valid_until, "this is no exchange"
        self.valid_until = at
        self.ends.append(at)

    @property
    def busiest_minute(self) -> int:
        """The most requests that the keeper sent in a minute."""
        return max(Counter(int(at // 60) for at in self.requests).values())
