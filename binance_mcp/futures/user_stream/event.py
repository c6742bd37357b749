"""An event of the user data stream, read from a frame of the WebSocket.

https://developers.binance.com/docs/derivatives/usds-margined-futures/user-data-streams
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NoReturn, cast

from binance_mcp.errors import UnreadableFrameError
from binance_mcp.masking import mask

EXPIRED: Final = "listenKeyExpired"

_DETAILS: Final = ("o", "or", "su", "gu", "ac")
"""Where the events of an order, a strategy, a grid or a symbol have their details."""
_IDS: Final = {
    "ORDER_TRADE_UPDATE": ("o", ("s", "i", "x", "X", "t", "M")),
    "TRADE_LITE": ("", ("s", "i", "t")),
    "ALGO_UPDATE": ("o", ("s", "aid", "X", "ia")),
}
"""By type: where the fields are that tell two events of a moment apart, and which."""
_LONGEST_ID: Final = 100
_LONGEST_TYPE: Final = 64
_LATEST: Final = 10**14
"""In milliseconds; the year 5138."""
_DEEPEST: Final = 32
_FLAT: Final = 64
"""With so few brackets, a frame cannot be too deep."""


@dataclass(frozen=True, slots=True)
class UserEvent:
    """An event."""

    event_id: str
    """The same for the same event on every connection."""
    type: str
    event_time: int | None
    """When Binance sent it, in milliseconds since the Unix epoch."""
    transaction_time: int | None
    """When it happened, in milliseconds since the Unix epoch."""
    symbol: str | None
    """None if the event is about the account, or about several symbols."""
    data: Mapping[str, Any]
    """Binance's object, unchanged but for listen keys, which are masked."""


def _refuse(_: str) -> NoReturn:
    raise ValueError("not JSON")


_DECODER: Final = json.JSONDecoder(parse_constant=_refuse)


def parse_frame(frame: str | bytes) -> UserEvent | None:
    """Return the event in a frame of either framing; None if it answers a command.

    Raises:
        UnreadableFrameError: There is none in it. The text says why, and quotes nothing.

    """
    data = _object(frame)
    if isinstance(data.get("data"), dict) and "stream" in data:
        data = cast("dict[str, Any]", data["data"])
    kind = data.get("e")
    if not isinstance(kind, str) or not 0 < len(kind) <= _LONGEST_TYPE:
        if "id" in data and ("result" in data or "error" in data):
            return None
        raise UnreadableFrameError("a frame of the stream has no type of event")
    if isinstance(key := data.get("listenKey"), str):
        data["listenKey"] = mask(key)
    event_time, transaction_time = _time(data.get("E")), _time(data.get("T"))
    return UserEvent(
        _id(kind, event_time, data), kind, event_time, transaction_time, _symbol(data), data
    )


def _object(frame: str | bytes) -> dict[str, Any]:
    try:
        text = frame if isinstance(frame, str) else bytes(frame).decode()
        found: object = _DECODER.decode(text)
        if "\\ud" in text or "\\uD" in text:
            json.dumps(found, ensure_ascii=False).encode()  # a lone surrogate is no text
    except (ValueError, RecursionError):
        raise UnreadableFrameError("a frame of the stream is not JSON") from None
    if not isinstance(found, dict):
        raise UnreadableFrameError("a frame of the stream is not a JSON object")
    if text.count("{") + text.count("[") > _FLAT and _is_deep(cast("object", found), _DEEPEST):
        raise UnreadableFrameError("a frame of the stream is nested too deeply")
    return cast("dict[str, Any]", found)


def _is_deep(value: object, left: int) -> bool:
    """Return whether a value has more levels than are left."""
    if isinstance(value, dict):
        value = list(cast("dict[str, object]", value).values())
    if not isinstance(value, list):
        return False
    return left == 0 or any(_is_deep(each, left - 1) for each in cast("list[object]", value))


def _time(value: object) -> int | None:
    """Return a time in milliseconds. Binance has sent some as text."""
    if (
        isinstance(value, str)
        and value.isascii()
        and value.isdigit()
        and len(value) < len(str(_LATEST))
    ):
        value = int(value)
    return value if type(value) is int and 0 <= value < _LATEST else None


def _symbol(data: Mapping[str, Any]) -> str | None:
    for name in _DETAILS:
        if isinstance(details := data.get(name), dict):
            found = cast("dict[str, object]", details).get("s")
            return found if isinstance(found, str) else None
    found = data.get("s")
    return found if isinstance(found, str) else None


def _id(kind: str, event_time: int | None, data: Mapping[str, Any]) -> str:
    where, names = _IDS.get(kind, ("", ()))
    details: object = data.get(where) if where else data
    if names and isinstance(details, dict):
        known = cast("dict[str, object]", details)
        parts = [str(known[name]) for name in names if name in known]
        found = ":".join([kind, *parts, str(event_time)])
        if len(parts) > 1 and len(found) <= _LONGEST_ID and found.isascii() and found.isprintable():
            return found
    canonical = json.dumps(data, sort_keys=True, separators=(",", ":")).encode()
    return f"{kind}:{event_time}:{hashlib.sha256(canonical).hexdigest()[:16]}"
