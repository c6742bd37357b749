"""An event in one line that a model reads.

What other people chose, like client order ids, is left out. What Binance chose is shown if it looks
like a word or a number, so that no text in an event can pass for an instruction.
https://developers.binance.com/docs/derivatives/usds-margined-futures/user-data-streams
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, cast

from binance_mcp.futures.user_stream.event import UserEvent

Details = Mapping[str, Any]

_WORD: Final = re.compile(r"[A-Za-z0-9_.@-]{1,40}")
_DECIMAL: Final = re.compile(r"(-?)([0-9]{1,30})(\.[0-9]{1,30})?")
_LONGEST: Final = 300
_MOST_LISTED: Final = 4
_UNKNOWN: Final = "?"
_ORDER_KINDS: Final = {
    "NEW": "placed",
    "CANCELED": "cancelled",
    "EXPIRED": "expired",
    "AMENDMENT": "amended",
}
_CLOSED_BY_BINANCE: Final = {
    "autoclose-": "liquidation",
    "adl_autoclose": "auto-deleveraging",
    "settlement_autoclose-": "settlement",
}
"""By the beginning of the client order id that Binance gives these orders."""


def summary(event: UserEvent) -> str:
    """Return the line, of at most 300 characters. Missing fields are shown as `?`."""
    text = _SUMMARIES.get(event.type, _other)(event.data)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _word(value: object) -> str:
    """Return a value that looks like a word or a number."""
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    return text if _WORD.fullmatch(text) else _UNKNOWN


def _number(value: object) -> str:
    """Return a decimal as it was sent, with separators between thousands."""
    found = _DECIMAL.fullmatch(value) if isinstance(value, str) else None
    return f"{found[1]}{int(found[2]):,}{found[3] or ''}" if found else _word(value)


def _is_zero(value: object) -> bool:
    return not isinstance(value, str) or not value.strip("0.-")


def _part(data: Details, name: str) -> Details:
    found = data.get(name)
    return cast("Details", found) if isinstance(found, dict) else {}


def _parts(data: Details, name: str) -> Sequence[Details]:
    found = data.get(name)
    listed = cast("list[object]", found) if isinstance(found, list) else []
    return [cast("Details", each) for each in listed if isinstance(each, dict)]


def _order(data: Details) -> str:
    order = _part(data, "o")
    kind = order.get("x")
    told = _fill(order) if kind in ("TRADE", "CALCULATED") else _change(order)
    return f"{told}{_why_closed(order)}"


def _fill(order: Details) -> str:
    quantity, done = _number(order.get("l")), order.get("X") == "FILLED"
    how = (
        "filled"
        if done
        else f"partly filled ({_number(order.get('z'))} of {_number(order.get('q'))})"
    )
    profit = "" if _is_zero(order.get("rp")) else f", realized profit {_number(order.get('rp'))}"
    return (
        f"{_what(order, quantity)} {how} at {_number(order.get('L'))}, "
        f"order {_word(order.get('i'))}{_fee(order)}{profit}"
    )


def _change(order: Details) -> str:
    kind = _ORDER_KINDS.get(
        str(order.get("x")), f"{_word(order.get('x'))} ({_word(order.get('X'))})"
    )
    price = "" if _is_zero(order.get("p")) else f" at {_number(order.get('p'))}"
    stop = "" if _is_zero(order.get("sp")) else f", stop price {_number(order.get('sp'))}"
    filled = "" if _is_zero(order.get("z")) else f", {_number(order.get('z'))} filled"
    return (
        f"{_what(order, _number(order.get('q')))} {_word(order.get('o'))} {kind}"
        f"{price}{stop}{filled}, order {_word(order.get('i'))}"
    )


def _what(order: Details, quantity: str) -> str:
    return f"{_word(order.get('S'))} {quantity} {_word(order.get('s'))}"


def _fee(order: Details) -> str:
    if _is_zero(order.get("n")):
        return ""
    return f", fee {_number(order.get('n'))} {_word(order.get('N'))}"


def _why_closed(order: Details) -> str:
    name = str(order.get("c"))
    reasons = [why for start, why in _CLOSED_BY_BINANCE.items() if name.startswith(start)]
    return f", by Binance: {reasons[0]}" if reasons else ""


def _trade(data: Details) -> str:
    return (
        f"{_what(data, _number(data.get('l')))} traded at {_number(data.get('L'))}, "
        f"order {_word(data.get('i'))} (the full ORDER_TRADE_UPDATE follows)"
    )


def _account(data: Details) -> str:
    account = _part(data, "a")
    balances = [
        f"{_word(each.get('a'))} wallet {_number(each.get('wb'))}"
        + ("" if _is_zero(each.get("bc")) else f" (change {_number(each.get('bc'))})")
        for each in _parts(account, "B")
    ]
    positions = [_position(each) for each in _parts(account, "P")]
    return f"account changed by {_word(account.get('m'))}: {_listed([*balances, *positions])}"


def _position(position: Details) -> str:
    side = "" if position.get("ps") == "BOTH" else f" {_word(position.get('ps'))}"
    where = f"{_word(position.get('s'))}{side} position {_number(position.get('pa'))}"
    return (
        where if _is_zero(position.get("pa")) else f"{where}, entry {_number(position.get('ep'))}"
    )


def _margin_call(data: Details) -> str:
    positions = [
        f"{_word(each.get('s'))} {_word(each.get('ps'))} {_number(each.get('pa'))}, mark price "
        f"{_number(each.get('mp'))}, maintenance margin {_number(each.get('mm'))}"
        for each in _parts(data, "p")
    ]
    return f"MARGIN CALL: {_listed(positions)}"


def _configuration(data: Details) -> str:
    if "ai" in data:
        return f"multi-assets mode {'on' if _part(data, 'ai').get('j') is True else 'off'}"
    change = _part(data, "ac")
    return f"leverage of {_word(change.get('s'))} is now {_word(change.get('l'))}x"


def _strategy(data: Details) -> str:
    found = _part(data, "su") or _part(data, "gu")
    return (
        f"{_word(found.get('st'))} strategy {_word(found.get('si'))} on {_word(found.get('s'))}: "
        f"{_word(found.get('ss'))}"
    )


def _rejected(data: Details) -> str:
    order = _part(data, "or")
    return (
        f"conditional order {_word(order.get('i'))} on {_word(order.get('s'))} was triggered and "
        "rejected"
    )


def _algo(data: Details) -> str:
    order = _part(data, "o")
    trigger = "" if _is_zero(order.get("tp")) else f", trigger price {_number(order.get('tp'))}"
    becomes = f", order {_word(order.get('ai'))}" if order.get("ai") else ""
    return (
        f"{_what(order, _number(order.get('q')))} {_word(order.get('o'))} conditional order "
        f"{_word(order.get('aid'))}: {_word(order.get('X'))}{trigger}{becomes}"
    )


def _expired(_: Details) -> str:
    return "the listen key ended: nothing more arrives by it"


def _other(data: Details) -> str:
    fields = [_word(name) for name in data if name not in ("e", "E")]
    return f"{_word(data.get('e'))} with the fields {', '.join(fields[:10])}"


def _listed(parts: Sequence[str]) -> str:
    if not parts:
        return "no details"
    more = len(parts) - _MOST_LISTED
    return "; ".join(parts[:_MOST_LISTED]) + (f"; and {more} more" if more > 0 else "")


_SUMMARIES: Final[dict[str, Callable[[Details], str]]] = {
    "ORDER_TRADE_UPDATE": _order,
    "TRADE_LITE": _trade,
    "ACCOUNT_UPDATE": _account,
    "MARGIN_CALL": _margin_call,
    "ACCOUNT_CONFIG_UPDATE": _configuration,
    "STRATEGY_UPDATE": _strategy,
    "GRID_UPDATE": _strategy,
    "CONDITIONAL_ORDER_TRIGGER_REJECT": _rejected,
    "ALGO_UPDATE": _algo,
    "listenKeyExpired": _expired,
}
