"""The lines about a snapshot of the account that a model reads, and may repeat.

Nothing that another person chose is in them, such as the client id of an order.
"""

from collections.abc import Callable, Iterator, Sequence
from math import ceil, floor
from typing import Final

from binance_mcp.futures.account import Account
from binance_mcp.futures.margin import liquidation_distance
from binance_mcp.futures.snapshot import Snapshot
from binance_mcp.futures.user_stream.fields import Fields
from binance_mcp.futures.user_stream.status import StreamStatus
from binance_mcp.server.tools.results import date_and_time, date_of
from binance_mcp.server.tools.snapshot_report import (
    Row,
    held_assets,
    largest,
    margin_currency,
    ratio_of_account,
    ratio_of_asset,
    time_of,
)
from binance_mcp.server.tools.stream_sentences import stream_sentence

_MOST_LINES: Final = 10
_MOVING: Final = "prices, profits, margin and liquidation prices change without events"


def snapshot_lines(account: Account, snapshot: Snapshot, symbol: str | None) -> str:
    """Return the text about a snapshot."""
    lines = [
        _head(account, snapshot, symbol),
        *_listed(largest(snapshot.positions), _position, "positions"),
        *_margin(snapshot),
        *_listed(snapshot.open_orders, _order, "open orders"),
        *_listed(snapshot.open_stops, _stop, "stops"),
        _absences(snapshot, symbol),
        *_continuation(account, snapshot),
    ]
    return "\n".join(line for line in lines if line)


def _head(account: Account, snapshot: Snapshot, symbol: str | None) -> str:
    environment = account.environment
    host = f" (at {environment.foreign_hosts})" if environment.foreign_hosts else ""
    only = f" (positions and orders of {symbol} only)" if symbol else ""
    return (
        f"The account on {environment.name}{host} at {_moment(snapshot.since)}, by Binance's "
        f"clock{only}:"
    )


def _listed(rows: Sequence[Row], line: Callable[[Fields], str], what: str) -> Iterator[str]:
    for row in rows[:_MOST_LINES]:
        yield line(Fields(row))
    if len(rows) > _MOST_LINES:
        yield f"{len(rows) - _MOST_LINES} more {what}."


def _position(of: Fields) -> str:
    held = of.decimal("positionAmt", "amount")
    side, size = ("Short", held[1:]) if held.startswith("-") else ("Long", held)
    return (
        f"{side} {size} {of.symbol('symbol')}: entry {of.decimal('entryPrice', 'price')}, mark "
        f"{of.decimal('markPrice', 'price')}, unrealized profit "
        f"{of.decimal('unRealizedProfit', 'profit')}{_liquidation(of)}"
        f"{_isolated(of)}{_when(of, ', last changed ', 'updateTime')}."
    )


def _liquidation(of: Fields) -> str:
    distance = liquidation_distance(of.data)
    away = "" if distance is None else f" ({distance} % away)"
    return of.unless_zero("liquidationPrice", ", liquidation at ", away)


def _isolated(of: Fields) -> str:
    if of.is_zero("isolatedWallet"):
        return ""
    return f", isolated with a margin of {of.decimal('isolatedMargin', 'margin')}"


def _margin(snapshot: Snapshot) -> Iterator[str]:
    of, ratio = Fields(snapshot.account), ratio_of_account(snapshot)
    told = "" if ratio is None else f", ratio {ratio} % (100 % is liquidation)"
    has_isolated = any(not Fields(row).is_zero("isolatedWallet") for row in snapshot.positions)
    isolated = "; isolated positions have margin of their own" if has_isolated else ""
    yield (
        f"Margin in {margin_currency(snapshot)}: available "
        f"{of.decimal('availableBalance', 'balance')} of "
        f"{of.decimal('totalMarginBalance', 'balance')}, maintenance "
        f"{of.decimal('totalMaintMargin', 'margin')}{told}{isolated}."
    )
    held = [_balance(each, snapshot) for each in held_assets(snapshot)]
    more = f" and {len(held) - _MOST_LINES} more" if len(held) > _MOST_LINES else ""
    if held:
        yield f"Balances: {', '.join(held[:_MOST_LINES])}{more}."


def _balance(asset: Fields, snapshot: Snapshot) -> str:
    ratio = ratio_of_asset(asset, snapshot)
    told = "" if ratio is None else f" (margin ratio of its own {ratio} %)"
    return f"{asset.decimal('walletBalance', 'balance')} {asset.symbol('asset')}{told}"


def _order(of: Fields) -> str:
    return (
        f"Open: {_what(of, 'origQty')} {of.word('type', 'type')} order "
        f"{of.word('orderId', 'id')}{of.unless_zero('price', ', price ')}"
        f"{of.unless_zero('stopPrice', ', stop price ')}"
        f"{of.unless_zero('executedQty', ', filled ') or ', nothing filled'}{_reduces(of)}"
        f"{_when(of, ', since ', 'time')}."
    )


def _stop(of: Fields) -> str:
    return (
        f"Stop: {_what(of, 'quantity')} {of.word('orderType', 'type')} conditional order "
        f"{of.word('algoId', 'id')}{of.unless_zero('triggerPrice', ', trigger price ')}"
        f"{of.unless_zero('price', ', price ')}{_reduces(of)}{_when(of, ', since ', 'createTime')}."
    )


def _what(of: Fields, quantity: str) -> str:
    """Return side, quantity and symbol, with the position where a symbol may have two."""
    size = of.decimal(quantity, "quantity")
    if of.flag("closePosition"):
        size = "the whole position of"
    side = of.text("positionSide")
    position = f" ({side} position)" if side in ("LONG", "SHORT") else ""
    return f"{of.word('side', 'side')} {size} {of.symbol('symbol')}{position}"


def _reduces(of: Fields) -> str:
    return ", reduce-only" if of.flag("reduceOnly") else ""


def _when(of: Fields, before: str, name: str) -> str:
    at = time_of(of, name)
    return "" if at is None else f"{before}{at}"


def _absences(snapshot: Snapshot, symbol: str | None) -> str:
    """Return what there is none of: an empty list is an answer, too."""
    lists = {
        "position": snapshot.positions,
        "open order": snapshot.open_orders,
        "stop": snapshot.open_stops,
    }
    none = [f"no {what}" for what, rows in lists.items() if not rows]
    where = f" in {symbol}" if symbol else ""
    told = f"{', '.join(none)}{where}." if none else ""
    return f"{told[:1].upper()}{told[1:]}"


def _continuation(account: Account, snapshot: Snapshot) -> Iterator[str]:
    """Return what is known of the time since, and how to go on."""
    since = _moment(floor(snapshot.since))
    if not account.stream.is_on:
        yield (
            "This server receives no events (BINANCE_MCP_USER_EVENTS is false): changes since "
            f"{since} are not known. Call again to see them."
        )
        return
    yield _exactness(account, snapshot, since)
    yield f"cursor: {snapshot.cursor}"


def _exactness(account: Account, snapshot: Snapshot, since: str) -> str:
    if not snapshot.is_followed:
        status = StreamStatus.of(account.stream)
        return (
            f"Changes since {since} may be missing here and from the events after this cursor. "
            f"{stream_sentence(status, account.wall_clock())}"
        )
    if snapshot.has_changed:
        return (
            f"Events arrived, or were missed, while it was read (from {since} to "
            f"{_moment(ceil(snapshot.until))}): those after this cursor may be in it already. Call "
            f"again for an exact one; {_MOVING}."
        )
    if snapshot.awaits_repair:
        return (
            "Events that the stream missed are still being read: those that follow this cursor "
            f"as repaired, from before {since}, are in it already. The others continue it exactly; "
            f"{_MOVING}."
        )
    return (
        "No event arrived while it was read: BinanceFuturesReadUserEvents with this cursor "
        f"continues it exactly; {_MOVING}."
    )


def _moment(at: float) -> str:
    return date_and_time(date_of(floor(at)))
