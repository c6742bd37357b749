"""What happened to an order, in one line that a model reads. Pure.

https://developers.binance.com/docs/derivatives/usds-margined-futures/user-data-streams/Event-Order-Update
https://developers.binance.com/docs/derivatives/usds-margined-futures/user-data-streams/Event-Algo-Order-Update
"""

from typing import Final

from binance_mcp.futures.user_stream.fields import Fields

_CLOSED_BY_BINANCE: Final = {
    "autoclose-": "LIQUIDATION: ",
    "adl_autoclose": "AUTO-DELEVERAGING: ",
    "settlement_autoclose-": "SETTLEMENT: ",
}
"""By the beginning of the client order id that Binance gives its own orders."""
_FILLS: Final = ("TRADE", "CALCULATED")
_CHANGES: Final = {
    "NEW": "placed",
    "CANCELED": "cancelled",
    "EXPIRED": "expired",
    "AMENDMENT": "amended",
}
_ENDS: Final = ("CANCELED", "EXPIRED")
_EXPIRY_REASONS: Final = {
    "1": "self-trade prevention",
    "2": "the rest of an IOC order could not be filled",
    "3": "the rest of an IOC order would have traded with the account itself",
    "4": "displaced by a reduce-only order of higher priority, or would have reversed a position",
    "5": "the account was liquidated",
    "6": "its GTE condition is no longer met",
    "7": "the symbol is delisted",
    "8": "its stop was triggered",
    "9": "the rest of a market order could not be filled",
}
_ALGO_STATUSES: Final = {
    "NEW": "placed, not yet triggered",
    "CANCELED": "cancelled",
    "TRIGGERING": "met its condition, and is sent to the matching engine",
    "TRIGGERED": "triggered",
    "FINISHED": "finished",
    "REJECTED": "triggered, but REJECTED",
    "EXPIRED": "expired",
}


def order_summary(event: Fields) -> str:
    """Return the line of an ORDER_TRADE_UPDATE."""
    order = event.part("o")
    told = _fill(order) if order.text("x") in _FILLS else _change(order)
    return f"{_closed_by_binance(order)}{told}"


def trade_summary(event: Fields) -> str:
    """Return the line of a TRADE_LITE."""
    return (
        f"{_what(event, 'l')} traded at {event.decimal('L', 'price')}, "
        f"order {event.word('i', 'id')}{_liquidity(event)} "
        "(the same fill comes as ORDER_TRADE_UPDATE, too)"
    )


def algo_summary(event: Fields) -> str:
    """Return the line of an ALGO_UPDATE: a conditional order until it is in the market."""
    order = event.part("o")
    status = _ALGO_STATUSES.get(order.text("X")) or order.word("X", "status")
    triggered = order.word("ai", "id") if order.data.get("ai") else ""
    return (
        f"{_what(order, 'q')} {order.word('o', 'type')} conditional order "
        f"{order.word('aid', 'id')} {status}"
        f"{f' as order {triggered}' if triggered else ''}{_activation(order)}"
        f"{order.unless_zero('aq', ', filled ')}{order.unless_zero('ap', ' at an average of ')}"
        f"{order.unless_zero('tp', ', trigger price ')}{order.unless_zero('p', ', price ')}"
        f"{order.quoted('rm', ', reason ')}"
    )


def reject_summary(event: Fields) -> str:
    """Return the line of a CONDITIONAL_ORDER_TRIGGER_REJECT."""
    order = event.part("or")
    return (
        f"conditional order {order.word('i', 'id')} on {order.symbol()} was triggered, but REJECTED"
        f"{order.quoted('r', ', reason ')}"
    )


def _activation(order: Fields) -> str:
    """Return whether a trailing stop follows the price: its two events are else the same line."""
    is_active = order.flag("ia")
    if is_active is None or order.text("o") != "TRAILING_STOP_MARKET":
        return ""
    return ", activated" if is_active else ", not yet activated"


def _closed_by_binance(order: Fields) -> str:
    name = order.text("c")
    for start, what in _CLOSED_BY_BINANCE.items():
        if name.startswith(start):
            return what
    return "LIQUIDATION OR AUTO-DELEVERAGING: " if order.text("x") == "CALCULATED" else ""


def _fill(order: Fields) -> str:
    number, total = order.word("i", "id"), order.decimal("q", "quantity")
    if order.text("X") != "FILLED":
        so_far = order.decimal("z", "quantity")
        how, which = f" partially filled ({so_far} of {total})", f"order {number}"
    elif order.text("l") in (order.text("q"), order.text("z")):
        how, which = " filled", f"order {number}"
    else:
        average = order.unless_zero("ap", " at an average of ")
        how, which = " filled", f"completing order {number} ({total}{average})"
    return (
        f"{_what(order, 'l')}{how} at {order.decimal('L', 'price')}, {which}"
        f"{_liquidity(order)}{_result(order)}"
    )


def _liquidity(fill: Fields) -> str:
    is_maker = fill.flag("m")
    return "" if is_maker is None else ", maker" if is_maker else ", taker"


def _result(order: Fields) -> str:
    asset = order.word("N", "asset")
    return (
        f"{order.unless_zero('n', ', fee ', f' {asset}')}"
        f"{order.unless_zero('rp', ', realized profit ')}"
    )


def _change(order: Fields) -> str:
    execution, status = order.text("x"), order.text("X")
    change = _CHANGES.get(execution) or (
        f"changed: {order.word('x', 'execution type')}, {order.word('X', 'status')}"
    )
    return (
        f"{_what(order, 'q')} {order.word('o', 'type')} order {order.word('i', 'id')} {change}"
        f"{' in a match' if status == 'EXPIRED_IN_MATCH' else ''}"
        f"{order.unless_zero('p', ', price ')}{_trigger(order)}"
        f"{_filled_before(order) if execution in _ENDS else ''}{_expiry_reason(order)}"
    )


def _what(order: Fields, quantity: str) -> str:
    """Return side, quantity and symbol, with the position where a symbol may have two."""
    amount = order.decimal(quantity, "quantity")
    if order.flag("cp") and order.is_zero(quantity):
        amount = "the whole position of"  # a close-all order has no quantity
    side = order.text("ps")
    position = f" ({side} position)" if side in ("LONG", "SHORT") else ""
    return f"{order.word('S', 'side')} {amount} {order.symbol()}{position}"


def _trigger(order: Fields) -> str:
    return (
        f"{order.unless_zero('sp', ', stop price ')}"
        f"{order.unless_zero('AP', ', activation price ')}"
        f"{order.unless_zero('cr', ', callback rate ', '%')}"
    )


def _filled_before(order: Fields) -> str:
    return order.unless_zero("z", ", of which filled: ") or ", nothing filled"


def _expiry_reason(order: Fields) -> str:
    reason = _EXPIRY_REASONS.get(order.text("er"))
    return f", because: {reason}" if reason else ""
