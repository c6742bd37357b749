"""An event of the user data stream, read from a frame of the WebSocket. Pure.

https://developers.binance.com/docs/derivatives/usds-margined-futures/user-data-streams
"""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final, NoReturn, cast

from binance_mcp.errors import UnreadableFrameError
from binance_mcp.masking import mask

_DETAILS: Final = {
    "ORDER_TRADE_UPDATE": ("o", ("s", "i", "x", "X")),
    "TRADE_LITE": ("", ("s", "i")),
    "ALGO_UPDATE": ("o", ("s", "aid", "X")),
    "ACCOUNT_UPDATE": ("a", ("m",)),
    "ACCOUNT_CONFIG_UPDATE": ("ac", ("s",)),
    "STRATEGY_UPDATE": ("su", ("s", "si", "ss")),
    "GRID_UPDATE": ("gu", ("s", "si", "ss")),
    "CONDITIONAL_ORDER_TRIGGER_REJECT": ("or", ("s", "i")),
}
"""By type: the member that has the details, and which of them its ids begin with."""
_FILLS: Final = frozenset(["ORDER_TRADE_UPDATE", "TRADE_LITE"])
_OTHER: Final = ("", ("s",))
_ID: Final = re.compile(r"[A-Za-z0-9_.:-]{1,100}")
_LONGEST_WORD: Final = 20
_LONGEST_TYPE: Final = 64
_LONGEST_SYMBOL: Final = 40
_LATEST: Final = 10**14
"""In milliseconds; the year 5138."""
_DIGEST_BYTES: Final = 8
_DEEPEST: Final = 32
_CONTROL_ANSWERS: Final = ("result", "error", "code")


@dataclass(frozen=True, slots=True)
class UserEvent:
    """An event of the account."""

    event_id: str
    """The same for the same event on every connection, and for no other. ASCII, at most 100."""
    type: str
    """Binance's name for it, at most 64 printable characters."""
    event_time: int | None
    """When Binance made the event (`E`), in milliseconds since the Unix epoch."""
    transaction_time: int | None
    """When it happened (`T`), in milliseconds since the Unix epoch."""
    symbol: str | None
    """None if it is about the whole account, or lists several."""
    data: Mapping[str, Any]
    """Binance's object, unchanged but for listen keys in it, which are masked."""


def parse_frame(frame: str | bytes) -> UserEvent | None:
    """Return the event in a frame; None if it is the answer to a command.

    The frame may be the event itself, as on `/ws`, or have it under `data`, as on `/stream`.

    Raises:
        UnreadableFrameError: There is no event in it. The text says why, and quotes nothing.

    """
    data = _event_in(_object(frame))
    kind = data.get("e")
    if not isinstance(kind, str) or not 0 < len(kind) <= _LONGEST_TYPE or not kind.isprintable():
        if "id" in data and any(name in data for name in _CONTROL_ANSWERS):
            return None
        raise UnreadableFrameError("a frame of the stream has no event type")
    at, happened_at = _time(data.get("E")), _time(data.get("T"))
    where, names = _DETAILS.get(kind, _OTHER)
    details = _member(data, where) if where else data
    symbol = _symbol(details.get("S" if where == "a" else "s"))
    event_id = _fill_id(kind, names, details, happened_at) or _digest_id(
        kind, names, details, at if happened_at is None else happened_at, data
    )
    if "listenKey" in data:  # after the digest, which tells two keys apart
        data["listenKey"] = mask(str(data["listenKey"]))
    return UserEvent(event_id, kind, at, happened_at, symbol, data)


def _object(frame: str | bytes) -> dict[str, Any]:
    try:
        text = frame if isinstance(frame, str) else frame.decode()
    except UnicodeDecodeError:
        raise _unreadable("is not UTF-8") from None
    try:
        found: object = _DECODER.decode(text)
        if not text.isascii() or "\\u" in text:
            json.dumps(found, ensure_ascii=False).encode()  # half a character cannot be passed on
    except (ValueError, RecursionError):
        raise _unreadable("is not JSON") from None
    if not isinstance(found, dict):
        raise _unreadable("is not a JSON object")
    data = cast("dict[str, Any]", found)
    if text.count("{") + text.count("[") > _DEEPEST and _is_deep(data, _DEEPEST):
        raise _unreadable("is nested too deeply")
    return data


def _unreadable(why: str) -> UnreadableFrameError:
    return UnreadableFrameError(f"a frame of the stream {why}")


def _refuse(_: str) -> NoReturn:
    """Refuse NaN and infinity: Python reads and writes them, but they are not JSON."""
    raise ValueError("not a number of JSON")


def _float(text: str) -> float:
    value = float(text)
    return value if math.isfinite(value) else _refuse(text)


_DECODER: Final = json.JSONDecoder(parse_float=_float, parse_constant=_refuse)
_CANONICAL: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"))


def _is_deep(value: object, left: int) -> bool:
    """Return whether a value has more levels than are left."""
    if isinstance(value, dict):
        value = list(cast("dict[str, object]", value).values())
    if not isinstance(value, list):
        return False
    return left == 0 or any(_is_deep(each, left - 1) for each in cast("list[object]", value))


def _event_in(data: dict[str, Any]) -> dict[str, Any]:
    """Return the event without the envelope of `/stream`, whose `stream` is the listen key."""
    inner = data.get("data")
    is_envelope = isinstance(inner, dict) and "stream" in data and "e" not in data
    return cast("dict[str, Any]", inner) if is_envelope else data


def _member(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found: object = data.get(name)
    return cast("Mapping[str, Any]", found) if isinstance(found, dict) else {}


def _time(value: object) -> int | None:
    """Return a time in milliseconds: Binance has documented some as text."""
    if isinstance(value, str):
        is_time = value.isascii() and value.isdigit() and len(value) < len(str(_LATEST))
        return int(value) if is_time else None
    return value if type(value) is int and 0 <= value < _LATEST else None


def _symbol(value: object) -> str | None:
    """Return a symbol. Some have Chinese names."""
    if not isinstance(value, str):
        return None
    return value if 0 < len(value) <= _LONGEST_SYMBOL and value.isprintable() else None


def _fill_id(
    kind: str, names: tuple[str, ...], details: Mapping[str, Any], at: int | None
) -> str | None:
    """Return the id of a fill: order and trade tell it from all others, without its content."""
    trade = details.get("t")
    if kind not in _FILLS or type(trade) is not int or trade <= 0 or at is None:
        return None
    words = [details.get(name) for name in names]
    if None in words:
        return None
    found = f"{kind}:{':'.join(map(str, words))}:{trade}:{at}"
    is_plain = _ID.fullmatch(found) and found.count(":") == len(names) + 2
    return found if is_plain else None


def _digest_id(
    kind: str,
    names: tuple[str, ...],
    details: Mapping[str, Any],
    at: int | None,
    data: Mapping[str, Any],
) -> str:
    """Return the id of any other event: what it is about, when, and a digest of its content.

    Nothing else tells two amendments of an order or two changes of a balance apart that happen in
    the same millisecond.
    """
    words = [str(word) for name in names if isinstance(word := details.get(name), str | int)]
    about = [word for word in words if len(word) <= _LONGEST_WORD and _ID.fullmatch(word)]
    when = [] if at is None else [str(at)]
    digest = blake2b(_CANONICAL.encode(data).encode(), digest_size=_DIGEST_BYTES).hexdigest()
    candidates = (":".join([kind, *about, *when, digest]), f"{kind}:{digest}")
    return next(filter(_ID.fullmatch, candidates), f"event:{digest}")
