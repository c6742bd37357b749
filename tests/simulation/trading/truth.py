"""What happened to an account, by the list of all events of its exchange. Pure."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

Change = tuple[str, str, str, str]
"""What it is a change of, the symbol, the number, and the step; of a fill, its trade id."""
Event = Mapping[str, Any]

_OPEN: Final = ("NEW", "PARTIALLY_FILLED")
_STEPS: Final = {"NEW": "placed", "TRIGGERING": "triggered", "TRIGGERED": "triggered"}


def change_of(event: Event) -> Change | None:
    """Return the fill, or the step in the life of an order or a stop, that an event tells of."""
    order = event.get("o", {})
    if event["e"] == "ALGO_UPDATE":
        return "stop", order["s"], str(order["aid"]), _STEPS.get(order["X"], "ended")
    if event["e"] != "ORDER_TRADE_UPDATE":
        return None
    if order["x"] == "TRADE":
        return "fill", order["s"], str(order["t"]), ""
    return "order", order["s"], str(order["i"]), _STEPS.get(order["x"], "ended")


class Truth:
    """The events, oldest first."""

    def __init__(self, events: Sequence[Event]) -> None:
        self._events = events
        self.changes: dict[Change, list[Event]] = {}
        """The events of each change: of most there is one."""
        for event in events:
            if change := change_of(event):
                self.changes.setdefault(change, []).append(event)

    @property
    def positions(self) -> dict[str, Decimal]:
        """The amount of each position that there is."""
        amounts: dict[str, Decimal] = {}
        for (kind, symbol, *_), (event, *_) in self.changes.items():
            if kind == "fill":
                amount = Decimal(event["o"]["l"])
                signed = amount if event["o"]["S"] == "BUY" else -amount
                amounts[symbol] = amounts.get(symbol, Decimal(0)) + signed
        return {symbol: amount for symbol, amount in amounts.items() if amount}

    @property
    def open_orders(self) -> dict[str, Decimal]:
        """How much is filled of each open order."""
        last = self._last("ORDER_TRADE_UPDATE", "i")
        return {number: Decimal(o["z"]) for number, o in last.items() if o["X"] in _OPEN}

    @property
    def open_stops(self) -> set[str]:
        """The stops that are not triggered."""
        return {number for number, o in self._last("ALGO_UPDATE", "aid").items() if o["X"] == "NEW"}

    @property
    def wallet(self) -> Decimal | None:
        """The balance after the last change of it."""
        balances = [event["a"]["B"] for event in self._events if event["e"] == "ACCOUNT_UPDATE"]
        return Decimal(balances[-1][0]["wb"]) if balances else None

    def _last(self, kind: str, name: str) -> dict[str, Event]:
        """Return what was told last of each number."""
        orders = (event["o"] for event in self._events if event["e"] == kind)
        return {str(order[name]): order for order in orders}
