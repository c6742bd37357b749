"""The faults of streams that can be injected. What a fault does to a stream is decided here.

https://developers.binance.com/docs/derivatives/usds-margined-futures/websocket-market-streams
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar, Final, Literal, Protocol

from pydantic import AfterValidator, ConfigDict, Field

from binance_mcp.sandbox.accounts import Event
from binance_mcp.sandbox.moment import Moment
from binance_mcp.sandbox.wire_model import WireModel

Form = Literal[
    "/private/ws?listenKey=",
    "/private/ws?listenKey=&events=",
    "/private/ws/<listenKey>",
    "/private/stream?listenKey=",
    "/private/stream?listenKey=&events=",
    "SUBSCRIBE",
]
"""A way to ask for the events of a listen key that delivers them."""

OVERSIZED_BYTES: Final = 10 * 1024 * 1024
NOT_JSON: Final = "this is not JSON"
BINARY: Final = b"\x00binary\xff"
_MOST_SECONDS: Final = 10_000_000
_MOST_EVENTS: Final = 10_000
_UNSENDABLE_CODES: Final = (1004, 1005, 1006, 1015)
"""Close codes that cannot be in a frame: https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1"""


class Stream(Protocol):
    """An open stream, as far as faults are concerned."""

    def send(self, frame: str | bytes) -> bool:
        """Send a text or binary frame without waiting; return whether it was accepted."""
        ...

    def close(self, code: int, reason: str) -> None:
        """Close the stream with a close frame."""
        ...

    def drop(self) -> None:
        """Break the connection without a close frame."""
        ...


class StreamFault(WireModel):
    """A fault of streams. Each kind of fault says which of these it does; the others do nothing."""

    def strike(self, stream: Stream) -> None:
        """Act on a stream: one that is open, or one that is opened while the fault lasts."""

    def is_silent(self) -> bool:
        """Return whether streams send nothing at all while the fault lasts."""
        return False

    def is_deaf(self, form: Form) -> bool:
        """Return whether streams of this form get no events while the fault lasts."""
        del form
        return False


def _sendable(code: int) -> int:
    if code in _UNSENDABLE_CODES or not (1000 <= code < 1016 or 3000 <= code < 5000):  # noqa: PLR2004
        raise ValueError("1000 to 1014 but 1004 to 1006, or 3000 to 4999 is wanted")
    return code


class LastingFault(StreamFault):
    """A fault that strikes the streams opened in the next `seconds`, too."""

    outlasts_its_strike: ClassVar[bool] = False
    """Whether it lasts without `seconds`, until it is cleared; else it is over at once."""
    seconds: float | None = Field(default=None, gt=0, le=_MOST_SECONDS)


class StreamClose(LastingFault):
    """Streams are closed with a close code; new ones are accepted, and then closed."""

    fault: Literal["stream_close"] = "stream_close"
    code: Annotated[int, AfterValidator(_sendable)] = 1001

    def strike(self, stream: Stream) -> None:
        """Close it."""
        stream.close(self.code, "the sandbox was told to close its streams")


class StreamFrame(LastingFault):
    """Streams get a frame that is no event."""

    fault: Literal["stream_not_json", "stream_binary", "stream_oversized"]

    def strike(self, stream: Stream) -> None:
        """Send the frame."""
        stream.send(_frame(self.fault))


class StreamSilent(LastingFault):
    """Streams stay open and send nothing: no event, no reply, and no ping."""

    outlasts_its_strike = True
    fault: Literal["stream_silent"] = "stream_silent"

    def is_silent(self) -> bool:
        """Return True."""
        return True


class StreamDeafForm(LastingFault):
    """Streams asked for in one of some forms get pings and replies, but no events."""

    outlasts_its_strike = True
    fault: Literal["stream_deaf_form"] = "stream_deaf_form"
    forms: tuple[Form, ...] = Field(min_length=1)

    def is_deaf(self, form: Form) -> bool:
        """Return whether it is one of the forms."""
        return form in self.forms


class StreamDropNext(StreamFault):
    """The next events are not sent to any stream. The event log has them nevertheless."""

    fault: Literal["stream_drop_next"] = "stream_drop_next"
    count: int = Field(default=1, ge=1, le=1_000_000)


class StreamFlood(StreamFault):
    """Every account with a listen key has many small events at once."""

    fault: Literal["stream_flood"] = "stream_flood"
    count: int = Field(default=5_000, ge=1, le=_MOST_EVENTS)

    def events(self, first: int, now: Moment) -> Iterator[Event]:
        """Return the events. Trade and order ids count from `first`, so that none is like another.

        https://developers.binance.com/docs/derivatives/usds-margined-futures/user-data-streams/Event-Trade-Lite
        """
        for number in range(first, first + self.count):
            yield {
                "e": "TRADE_LITE",
                "E": now.milliseconds,
                "T": now.milliseconds,
                "s": "BTCUSDT",
                "q": "0.001",
                "p": "0",
                "m": False,
                "c": f"flood-{number}",
                "S": "BUY",
                "L": "64089.20",
                "l": "0.001",
                "t": number,
                "i": number,
            }


STREAM_FAULTS: Final[Mapping[str, type[StreamFault]]] = {
    "stream_close": StreamClose,
    "stream_not_json": StreamFrame,
    "stream_binary": StreamFrame,
    "stream_oversized": StreamFrame,
    "stream_flood": StreamFlood,
    "stream_silent": StreamSilent,
    "stream_deaf_form": StreamDeafForm,
    "stream_drop_next": StreamDropNext,
}
"""The models of the faults by their names."""


class NamedFault(WireModel):
    """The name of any fault; other members are ignored."""

    model_config = ConfigDict(extra="ignore")

    fault: str


def _frame(fault: str) -> str | bytes:
    if fault == "stream_not_json":
        return NOT_JSON
    if fault == "stream_binary":
        return BINARY
    start, end = '{"e":"OVERSIZED","E":0,"x":"', '"}'
    return start + "x" * (OVERSIZED_BYTES - len(start) - len(end)) + end
