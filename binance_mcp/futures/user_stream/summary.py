"""An event in one line that a model reads. Pure.

What other people chose, like client order ids, is left out. What Binance chose is shown if it looks
like a word or a number, and quoted otherwise, so that no text can pass for an instruction.
https://developers.binance.com/docs/derivatives/usds-margined-futures/user-data-streams
"""

from collections.abc import Callable, Sequence
from typing import Final

from binance_mcp.futures.user_stream.event import UserEvent
from binance_mcp.futures.user_stream.fields import Fields
from binance_mcp.futures.user_stream.order_summary import (
    algo_summary,
    order_summary,
    reject_summary,
    trade_summary,
)

_LONGEST: Final = 300
_LONGEST_LIST: Final = 220
_MOST_FIELDS: Final = 10
_OPERATIONS: Final = {
    8001: "its parameters were updated",
    8002: "the user cancelled it",
    8003: "the user placed or cancelled an order",
    8004: "its stop limit was reached",
    8005: "the position was liquidated",
    8006: "the limit of open orders was reached",
    8007: "new grid order",
    8008: "not enough margin",
    8009: "price out of bounds",
    8010: "the market is closed or paused",
    8011: "the position could not be closed",
    8012: "the notional value exceeds what the leverage allows",
    8013: "identity not verified, or restricted location",
    8014: "the quantitative rules were violated",
    8015: "the position is empty or was liquidated",
}
"""https://developers.binance.com/docs/derivatives/usds-margined-futures/user-data-streams/Event-STRATEGY-UPDATE"""


def summary(event: UserEvent) -> str:
    """Return the line: at most 300 printable characters, whatever the event has for fields."""
    text = _SUMMARIES.get(event.type, _other)(Fields(event.data))
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _account(event: Fields) -> str:
    account = event.part("a")
    about = f" of {account.symbol('S')}" if account.text("S") else ""
    balances = [_balance(each) for each in account.parts("B")]
    positions = [_position(each) for each in account.parts("P")]
    changes = _listed([*balances, *positions])
    return f"account changed by {account.word('m', 'reason')}{about}: {changes}"


def _balance(balance: Fields) -> str:
    change = balance.unless_zero("bc", " (change ", ")")
    return f"{balance.word('a', 'asset')} wallet {balance.decimal('wb', 'balance')}{change}"


def _position(position: Fields) -> str:
    where = f"{_side(position)} {position.decimal('pa', 'amount')}"
    if position.text("pa") and position.is_zero("pa"):
        return where
    return (
        f"{where}{position.unless_zero('ep', ', entry price ')}"
        f"{position.unless_zero('up', ', unrealized profit ')}"
    )


def _side(position: Fields) -> str:
    side = position.text("ps")
    return f"{position.symbol()}{f' {side}' if side in ('LONG', 'SHORT') else ''} position"


def _margin_call(event: Fields) -> str:
    positions = [
        f"{_side(each)} {each.decimal('pa', 'amount')}, mark price {each.decimal('mp', 'price')}, "
        f"maintenance margin {each.decimal('mm', 'margin')}"
        f"{each.unless_zero('up', ', unrealized profit ')}"
        for each in event.parts("p")
    ]
    return f"MARGIN CALL{event.unless_zero('cw', ', cross wallet ')}: {_listed(positions)}"


def _configuration(event: Fields) -> str:
    if "ai" in event.data:
        is_on = event.part("ai").flag("j")
        mode = "now unknown" if is_on is None else "now on" if is_on else "now off"
        return f"multi-assets mode is {mode}"
    change = event.part("ac")
    return f"leverage of {change.symbol()} is now {change.word('l', 'leverage')}x"


def _strategy(event: Fields) -> str:
    strategy = event.part("su")
    code: object = strategy.data.get("c")
    operation = _OPERATIONS.get(code) if isinstance(code, int) else None
    return f"{_strategy_status(strategy)}{f' ({operation})' if operation else ''}"


def _grid(event: Fields) -> str:
    grid = event.part("gu")
    return (
        f"{_strategy_status(grid)}{grid.unless_zero('r', ', realized profit ')}"
        f"{grid.unless_zero('mp', ', matched profit ')}"
        f"{grid.unless_zero('uq', ', unmatched ')}{grid.unless_zero('up', ' at ')}"
    )


def _strategy_status(strategy: Fields) -> str:
    return (
        f"{strategy.word('st', 'type')} strategy {strategy.word('si', 'id')} on "
        f"{strategy.symbol()}: {strategy.word('ss', 'status')}"
    )


def _expired(_: Fields) -> str:
    return "the listen key expired or was closed: it brings no more events"


def _other(event: Fields) -> str:
    names = [name for name in event.names() if name not in ("e", "E")]
    more = len(names) - _MOST_FIELDS
    ending = f" and {more} more" if more > 0 else ""
    fields = f"fields {', '.join(names[:_MOST_FIELDS])}{ending}" if names else "no details"
    return f"{event.word('e', 'type')} event with {fields}"


def _listed(parts: Sequence[str]) -> str:
    """Return as many of the parts as fit, and the number of the others: none is cut in two."""
    if not parts:
        return "no details"
    shown = 1
    while shown < len(parts) and len("; ".join(parts[: shown + 1])) <= _LONGEST_LIST:
        shown += 1
    more = len(parts) - shown
    return "; ".join(parts[:shown]) + (f"; and {more} more" if more else "")


_SUMMARIES: Final[dict[str, Callable[[Fields], str]]] = {
    "ORDER_TRADE_UPDATE": order_summary,
    "TRADE_LITE": trade_summary,
    "ALGO_UPDATE": algo_summary,
    "CONDITIONAL_ORDER_TRIGGER_REJECT": reject_summary,
    "ACCOUNT_UPDATE": _account,
    "MARGIN_CALL": _margin_call,
    "ACCOUNT_CONFIG_UPDATE": _configuration,
    "STRATEGY_UPDATE": _strategy,
    "GRID_UPDATE": _grid,
    "listenKeyExpired": _expired,
}
