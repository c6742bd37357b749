"""The open streams, and the faults that they suffer."""

import math
from typing import Final

from binance_mcp.sandbox.moment import Now
from binance_mcp.sandbox.stream_faults import (
    Form,
    LastingFault,
    Stream,
    StreamDropNext,
    StreamFault,
)

_MOST_ARMED: Final = 1000


class OpenStreams:
    """Open streams and armed faults. A fault that has ended does nothing any more.

    A fault strikes the streams that are open when it is armed, and those that are opened while it
    lasts: for its `seconds`; without them, one that keeps streams from sending lasts until it is
    cleared, and any other is over at once.
    """

    def __init__(self, now: Now) -> None:
        self._now = now
        self._streams: dict[Stream, None] = {}
        self._lasting: list[tuple[float, LastingFault]] = []
        """Each with the time of its end, on the steady clock."""
        self._to_drop = 0

    @property
    def armed(self) -> tuple[StreamFault, ...]:
        """The faults that last, with the seconds or the events that are left."""
        now = self._now().steady
        lasting = tuple(_with_seconds_left(fault, end - now) for end, fault in self._current())
        return (*lasting, StreamDropNext(count=self._to_drop)) if self._to_drop else lasting

    def arm(self, fault: StreamFault) -> None:
        """Let a fault strike.

        Raises:
            ValueError: Too many are armed.

        """
        if isinstance(fault, LastingFault) and (end := self._end(fault)) is not None:
            if len(self._current()) >= _MOST_ARMED:
                raise ValueError(f"fault: {_MOST_ARMED} are armed already")
            self._lasting.append((end, fault))
        if isinstance(fault, StreamDropNext):
            self._to_drop += fault.count
        for stream in tuple(self._streams):
            fault.strike(stream)

    def clear(self) -> None:
        """Disarm every fault."""
        self._lasting.clear()
        self._to_drop = 0

    def join(self, stream: Stream) -> None:
        """Add a stream that has been opened; the faults that last strike it."""
        self._streams[stream] = None
        for _, fault in self._current():
            fault.strike(stream)

    def leave(self, stream: Stream) -> None:
        """Remove a stream that has ended."""
        self._streams.pop(stream, None)

    def drop(self) -> int:
        """Break the connections of all streams; return how many."""
        streams = tuple(self._streams)
        for stream in streams:
            stream.drop()
            self.leave(stream)
        return len(streams)

    def is_silent(self) -> bool:
        """Return whether streams are to send nothing at all."""
        return any(fault.is_silent() for _, fault in self._current())

    def is_deaf(self, form: Form) -> bool:
        """Return whether streams of this form are to get no events."""
        return any(fault.is_deaf(form) for _, fault in self._current())

    def withholds_event(self) -> bool:
        """Return whether the next event is kept from all streams, and count it if so."""
        if not self._to_drop:
            return False
        self._to_drop -= 1
        return True

    def _end(self, fault: LastingFault) -> float | None:
        if fault.seconds is not None:
            return self._now().steady + fault.seconds
        return math.inf if fault.outlasts_its_strike else None

    def _current(self) -> list[tuple[float, LastingFault]]:
        if self._lasting:
            now = self._now().steady
            self._lasting = [each for each in self._lasting if now < each[0]]
        return self._lasting


def _with_seconds_left(fault: LastingFault, seconds: float) -> LastingFault:
    return fault if math.isinf(seconds) else fault.model_copy(update={"seconds": seconds})
