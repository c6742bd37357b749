"""What an event changes: by it a received event and one that was read later are the same. Pure.

https://developers.binance.com/docs/derivatives/usds-margined-futures/user-data-streams/Event-Order-Update
"""

from typing import Final

from binance_mcp.futures.user_stream.event import UserEvent
from binance_mcp.futures.user_stream.fields import Fields

Change = tuple[str, str, str, str]
"""The symbol, the kind of change, the order, and what tells two changes of an order apart."""

_FILLS: Final = ("TRADE", "CALCULATED")
ENDS: Final = ("CANCELED", "EXPIRED", "EXPIRED_IN_MATCH", "REJECTED")
"""The states in which an order ends without being filled."""
_STEPS_OF_STOPS: Final = {
    "NEW": "placed",
    "TRIGGERING": "triggered",
    "TRIGGERED": "triggered",
    "FINISHED": "ended",
    **dict.fromkeys(ENDS, "ended"),
}


def change_of(event: UserEvent) -> Change | None:
    """Return the fill, the placing or the end of an order, or a step in the life of a stop."""
    order = Fields(event.data).part("o")
    symbol = order.text("s")
    if event.type == "ALGO_UPDATE":
        return _change(
            symbol, "stop", order.number("aid"), _STEPS_OF_STOPS.get(order.text("X"), "")
        )
    if event.type != "ORDER_TRADE_UPDATE":
        return None
    execution, number = order.text("x"), order.number("i")
    if execution in _FILLS:
        return _change(symbol, "fill", number, order.number("t"))
    if execution == "NEW":
        return _change(symbol, "order", number, "placed")
    return _change(symbol, "order", number, "ended") if order.text("X") in ENDS else None


def is_fill(change: Change) -> bool:
    """Return whether a change is a fill."""
    return change[1] == "fill"


def _change(symbol: str, kind: str, order: str, what: str) -> Change | None:
    return (symbol, kind, order, what) if symbol and order and what else None
