"""Events made of what Binance lists: the same as it would have sent, as far as that is known. Pure.

https://developers.binance.com/docs/derivatives/usds-margined-futures/user-data-streams/Event-Order-Update
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from binance_mcp.errors import UnreadableFrameError
from binance_mcp.futures.account_reads import Row
from binance_mcp.futures.binance_error import UnreadableAnswerError
from binance_mcp.futures.repair.known_orders import quantity
from binance_mcp.futures.user_stream.change import ENDS
from binance_mcp.futures.user_stream.event import UserEvent, parse_frame
from binance_mcp.futures.user_stream.fields import Fields

_ORDER: Final = {
    "s": "symbol",
    "c": "clientOrderId",
    "S": "side",
    "o": "type",
    "f": "timeInForce",
    "q": "origQty",
    "p": "price",
    "ap": "avgPrice",
    "sp": "stopPrice",
    "i": "orderId",
    "R": "reduceOnly",
    "wt": "workingType",
    "ot": "origType",
    "ps": "positionSide",
    "cp": "closePosition",
}
_EARLIER: Final = {short: name for short, name in _ORDER.items() if short != "ap"}
"""The average price is known as it was listed only, and not as it was after another fill."""
_FILL: Final = {
    "s": "symbol",
    "S": "side",
    "i": "orderId",
    "l": "qty",
    "L": "price",
    "N": "commissionAsset",
    "n": "commission",
    "t": "id",
    "m": "maker",
    "ps": "positionSide",
    "rp": "realizedPnl",
    "T": "time",
}
_STOP: Final = {
    "caid": "clientAlgoId",
    "aid": "algoId",
    "at": "algoType",
    "o": "orderType",
    "s": "symbol",
    "S": "side",
    "ps": "positionSide",
    "f": "timeInForce",
    "q": "quantity",
    "X": "algoStatus",
    "ai": "actualOrderId",
    "ap": "actualPrice",
    "tp": "triggerPrice",
    "p": "price",
    "R": "reduceOnly",
    "cp": "closePosition",
}
_TRIGGERED_STOP: Final = {short: name for short, name in _STOP.items() if short != "ap"}
"""What is listed of a stop that was the same when it was triggered."""


def placed(order: Row) -> UserEvent:
    """Return that an order was placed."""
    state = {"x": "NEW", "X": "NEW", "l": "0", "z": "0", "ap": "0"}
    members = _members(order, _ORDER | {"T": "time"}) | state
    return _event("ORDER_TRADE_UPDATE", members, order.get("time"))


def ended(order: Row) -> UserEvent:
    """Return that an order was cancelled, or expired."""
    status = order.get("status")
    execution = "EXPIRED" if status == "EXPIRED_IN_MATCH" else status
    names = _ORDER | {"z": "executedQty", "T": "updateTime"}
    members = _members(order, names) | {"x": execution, "X": status}
    return _event("ORDER_TRADE_UPDATE", members, order.get("updateTime"))


def stop_changes(stop: Row) -> list[UserEvent]:
    """Return that a conditional order was placed, was triggered, and ended, as far as it was."""
    members = _members(stop, _STOP)
    untriggered = members | {"X": "NEW", "ai": "", "ap": "0"}
    changes = [_event("ALGO_UPDATE", untriggered, stop.get("createTime"))]
    if at := stop.get("triggerTime"):
        triggered = _members(stop, _TRIGGERED_STOP) | {"X": "TRIGGERED"}
        changes.append(_event("ALGO_UPDATE", triggered, at))
    if stop.get("algoStatus") in ("FINISHED", *ENDS):
        changes.append(_event("ALGO_UPDATE", members, stop.get("updateTime")))
    return changes


def fills(trades: Iterable[Row], orders: Mapping[str, Row]) -> list[UserEvent]:
    """Return the fills of one symbol. `orders` are its orders by number, listed before them.

    How much of an order was filled by then is right if all its later fills are among them.
    """
    by_order: dict[str, list[Row]] = {}
    for trade in sorted(trades, key=lambda each: (_number(each, "time"), _number(each, "id"))):
        by_order.setdefault(Fields(trade).number("orderId"), []).append(trade)
    return [
        event
        for number, found in by_order.items()
        for event in _fills_of(orders.get(number, {}), found)
    ]


def _fills_of(order: Row, trades: Sequence[Row]) -> list[UserEvent]:
    """Return the fills of an order, each with how much of it was filled, if that is known."""
    listed_at = _number(order, "updateTime")
    listed = [trade for trade in trades if _number(trade, "time") <= listed_at]
    total, so_far = quantity(order.get("origQty")), quantity(order.get("executedQty"))
    for trade in listed:
        so_far = _sum(so_far, trade, -1)
    events: list[UserEvent] = []
    for trade in trades:
        so_far = _sum(so_far, trade, 1)
        state = {"X": "FILLED" if so_far is not None and so_far == total else "PARTIALLY_FILLED"}
        if so_far is not None:
            state["z"] = f"{so_far:f}"
        names = _ORDER if trade is (listed or (None,))[-1] else _EARLIER
        members = _members(order, names) | _members(trade, _FILL) | {"x": "TRADE"} | state
        events.append(_event("ORDER_TRADE_UPDATE", members, trade.get("time")))
    return events


def _sum(so_far: Decimal | None, trade: Row, sign: int) -> Decimal | None:
    filled = quantity(trade.get("qty"))
    return None if so_far is None or filled is None else so_far + sign * filled


def _members(row: Row, names: Mapping[str, str]) -> dict[str, Any]:
    return {short: row[name] for short, name in names.items() if name in row}


def _event(kind: str, members: dict[str, Any], at: object) -> UserEvent:
    frame = json.dumps({"e": kind, "E": at, "T": at, "o": members})
    try:
        event = parse_frame(frame)
    except UnreadableFrameError:
        raise UnreadableAnswerError("Binance lists something that is no event") from None
    if event is None or event.event_time is None:
        raise UnreadableAnswerError("Binance lists something without a time")
    return event


def _number(row: Row, name: str) -> int:
    return int(Fields(row).number(name) or 0)
