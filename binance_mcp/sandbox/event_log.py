"""The truth about events: all that were published, whoever received them."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from binance_mcp.sandbox.moment import Moment

REMEMBERED: Final = 100_000


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """An event that was published."""

    sequence: int
    """Counts from 1, without holes."""
    time: int
    """When it was published, by the server's clock, in milliseconds."""
    account: int
    """Counts from 1, in the order in which the accounts were added."""
    delivered: int
    """How many streams accepted it. A connection that breaks may lose it nevertheless."""
    event: Mapping[str, object] = field(repr=False)

    @property
    def content(self) -> Mapping[str, object]:
        """The record as it is written in JSON."""
        return {name: getattr(self, name) for name in self.__slots__}


class EventLog:
    """The last 100,000 events, oldest first."""

    def __init__(self) -> None:
        self._events: deque[RecordedEvent] = deque(maxlen=REMEMBERED)
        self._count = 0

    @property
    def count(self) -> int:
        """How many there have been, which is the sequence of the last one."""
        return self._count

    def after(self, sequence: int) -> Sequence[RecordedEvent]:
        """Return the events in the log with a higher sequence."""
        forgotten = self._count - len(self._events)
        return tuple(islice(self._events, max(0, sequence - forgotten), None))

    def add(self, event: Mapping[str, object], account: int, delivered: int, now: Moment) -> None:
        """Add an event."""
        self._count += 1
        self._events.append(RecordedEvent(self._count, now.milliseconds, account, delivered, event))
