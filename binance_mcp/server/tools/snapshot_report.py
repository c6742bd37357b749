"""A snapshot of the account as data, for programs. Amounts are the text that Binance sent."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from math import floor
from typing import Annotated, Any, Final

from pydantic import Field, WithJsonSchema

from binance_mcp.futures.account import Account
from binance_mcp.futures.margin import amount, is_zero, liquidation_distance, margin_ratio
from binance_mcp.futures.snapshot import Snapshot
from binance_mcp.futures.user_stream.fields import Fields
from binance_mcp.server.tools.event_report import exchange_time
from binance_mcp.server.tools.results import ToolResult, date_of

MOST_LISTED: Final = 50
MOST_LISTED_IN_DETAIL: Final = 15
"""Of each kind, so that a result stays below the 40 kB at which hosts warn."""
_LATEST: Final = 10**14
"""In milliseconds; the year 5138."""
_TOTALS: Final = ("assets", "positions")
"""Not among the totals of an account; they have reports of their own."""

Row = Mapping[str, Any]


class PositionReport(ToolResult):
    """A position. Its amount is negative if it is short."""

    symbol: str
    position_side: str | None = None
    amount: str | None = None
    entry_price: str | None = None
    mark_price: str | None = None
    unrealized_profit: str | None = None
    liquidation_price: str | None = None
    liquidation_distance_percent: float | None = None
    margin_asset: str | None = None
    isolated_margin: str | None = None
    """Only if the position is isolated."""
    update_time: str | None = None
    data: dict[str, Any] | None = None


class MarginReport(ToolResult):
    """The margin of the account: of USDT, or in multi-assets mode of all assets in USD."""

    currency: str
    available_balance: str | None = None
    margin_balance: str | None = None
    maintenance_margin: str | None = None
    margin_ratio_percent: float | None = None
    data: dict[str, Any] | None = None


class BalanceReport(ToolResult):
    """An asset that the account has."""

    asset: str
    wallet_balance: str | None = None
    available_balance: str | None = None
    margin_ratio_percent: float | None = None
    """Only of an asset other than USDT that has positions, unless it counts in the account's."""
    update_time: str | None = None
    data: dict[str, Any] | None = None


class OrderReport(ToolResult):
    """An open order, or a conditional order that is not triggered."""

    symbol: str
    id: str | None = None
    side: str | None = None
    position_side: str | None = None
    type: str | None = None
    quantity: str | None = None
    filled: str | None = None
    price: str | None = None
    trigger_price: str | None = None
    reduce_only: bool | None = None
    close_position: bool | None = None
    time: str | None = None
    update_time: str | None = None
    data: dict[str, Any] | None = None


_Listed = WithJsonSchema({"type": "array"})
"""Its names say what they are; a schema would cost each session its tokens."""


class AccountSnapshot(ToolResult):
    """The account as it was."""

    environment: str
    host: str | None = None
    symbol: str | None = None
    taken_at: str | None = None
    read_until: str | None = None
    positions: Annotated[list[PositionReport], _Listed]
    margin: Annotated[MarginReport, WithJsonSchema({"type": "object"})]
    balances: Annotated[list[BalanceReport], _Listed]
    open_orders: Annotated[list[OrderReport], _Listed]
    stops: Annotated[list[OrderReport], _Listed]
    left_out: int | None = None
    """How many positions, balances, orders and stops are not listed."""
    cursor: str | None = None
    exact: bool = Field(description="Whether events after cursor continue it exactly.")
    events_missing_since: datetime | None = None


def snapshot_report(
    account: Account, snapshot: Snapshot, symbol: str | None, *, detail: bool
) -> AccountSnapshot:
    """Return a snapshot, with Binance's own objects if `detail`."""
    most = MOST_LISTED_IN_DETAIL if detail else MOST_LISTED
    held = held_assets(snapshot)
    lists = (snapshot.positions, held, snapshot.open_orders, snapshot.open_stops)
    environment = account.environment
    return AccountSnapshot(
        environment=environment.name,
        host=environment.foreign_hosts or None,
        symbol=symbol,
        taken_at=exchange_time(round(snapshot.since * 1000)),
        read_until=exchange_time(round(snapshot.until * 1000)),
        positions=[_position(row, detail=detail) for row in largest(snapshot.positions)[:most]],
        margin=_margin(snapshot, detail=detail),
        balances=[_balance(each, snapshot, detail=detail) for each in held[:most]],
        open_orders=[_order(row, detail=detail) for row in snapshot.open_orders[:most]],
        stops=[_stop(row, detail=detail) for row in snapshot.open_stops[:most]],
        left_out=sum(max(len(each) - most, 0) for each in lists) or None,
        cursor=str(snapshot.cursor) if account.stream.is_on else None,
        exact=snapshot.is_exact,
        events_missing_since=None if snapshot.is_followed else date_of(floor(snapshot.since)),
    )


def held_assets(snapshot: Snapshot) -> list[Fields]:
    """Return the assets that the account has, or has positions in."""
    return [
        each
        for each in _assets(snapshot)
        if not (is_zero(each.data.get("walletBalance")) and is_zero(each.data.get("maintMargin")))
    ]


def largest(positions: Sequence[Row]) -> list[Row]:
    """Return positions, the largest first."""
    return sorted(positions, key=_size, reverse=True)


def margin_currency(snapshot: Snapshot) -> str:
    """Return USDT if the account's margin is that of this asset alone, and else USD.

    Only in multi-assets mode the totals are of all assets:
    https://developers.binance.com/docs/derivatives/usds-margined-futures/account/rest-api/Account-Information-V3
    """
    total = amount(snapshot.account.get("totalMarginBalance"))
    usdt = [amount(each.data.get("marginBalance")) for each in _assets(snapshot) if _is_usdt(each)]
    return "USDT" if total in (usdt or [0]) else "USD"


def ratio_of_asset(asset: Fields, snapshot: Snapshot) -> Decimal | None:
    """Return the margin ratio of an asset that has one beside the account's."""
    maintenance = asset.data.get("maintMargin")
    if _is_usdt(asset) or is_zero(maintenance) or margin_currency(snapshot) == "USD":
        return None
    return margin_ratio(maintenance, asset.data.get("marginBalance"))


def ratio_of_account(snapshot: Snapshot) -> Decimal | None:
    """Return the margin ratio of the account."""
    account = snapshot.account
    return margin_ratio(account.get("totalMaintMargin"), account.get("totalMarginBalance"))


def time_of(of: Fields, name: str) -> str | None:
    """Return one of Binance's times; None if it has none, or not yet."""
    at = int(of.number(name) or 0)
    return exchange_time(at) if 0 < at < _LATEST else None


def _assets(snapshot: Snapshot) -> list[Fields]:
    return Fields(snapshot.account).parts("assets")


def _is_usdt(asset: Fields) -> bool:
    return asset.text("asset") == "USDT"


def _size(position: Row) -> Decimal:
    return abs(amount(position.get("notional")) or Decimal(0))


def _position(row: Row, *, detail: bool) -> PositionReport:
    of, liquidation = Fields(row), liquidation_distance(row)
    return PositionReport(
        symbol=of.symbol("symbol"),
        position_side=of.known("positionSide"),
        amount=of.known("positionAmt"),
        entry_price=of.known("entryPrice"),
        mark_price=of.known("markPrice"),
        unrealized_profit=of.known("unRealizedProfit"),
        liquidation_price=_unless_zero(of, "liquidationPrice"),
        liquidation_distance_percent=_number(liquidation),
        margin_asset=of.known("marginAsset"),
        isolated_margin=None if of.is_zero("isolatedWallet") else of.known("isolatedMargin"),
        update_time=time_of(of, "updateTime"),
        data=_data(row, detail=detail),
    )


def _margin(snapshot: Snapshot, *, detail: bool) -> MarginReport:
    of = Fields(snapshot.account)
    totals = {name: value for name, value in of.data.items() if name not in _TOTALS}
    return MarginReport(
        currency=margin_currency(snapshot),
        available_balance=of.known("availableBalance"),
        margin_balance=of.known("totalMarginBalance"),
        maintenance_margin=of.known("totalMaintMargin"),
        margin_ratio_percent=_number(ratio_of_account(snapshot)),
        data=_data(totals, detail=detail),
    )


def _balance(asset: Fields, snapshot: Snapshot, *, detail: bool) -> BalanceReport:
    return BalanceReport(
        asset=asset.symbol("asset"),
        wallet_balance=asset.known("walletBalance"),
        available_balance=asset.known("availableBalance"),
        margin_ratio_percent=_number(ratio_of_asset(asset, snapshot)),
        update_time=time_of(asset, "updateTime"),
        data=_data(asset.data, detail=detail),
    )


def _order(row: Row, *, detail: bool) -> OrderReport:
    of = Fields(row)
    return OrderReport(
        **_terms(of),
        id=of.known("orderId"),
        type=of.known("type"),
        quantity=of.known("origQty"),
        filled=of.known("executedQty"),
        trigger_price=_unless_zero(of, "stopPrice"),
        time=time_of(of, "time"),
        data=_data(row, detail=detail),
    )


def _stop(row: Row, *, detail: bool) -> OrderReport:
    of = Fields(row)
    return OrderReport(
        **_terms(of),
        id=of.known("algoId"),
        type=of.known("orderType"),
        quantity=_unless_zero(of, "quantity"),
        trigger_price=_unless_zero(of, "triggerPrice"),
        time=time_of(of, "createTime"),
        data=_data(row, detail=detail),
    )


def _terms(of: Fields) -> dict[str, Any]:
    """Return what orders and conditional orders call the same."""
    return {
        "symbol": of.symbol("symbol"),
        "side": of.known("side"),
        "position_side": of.known("positionSide"),
        "price": _unless_zero(of, "price"),
        "reduce_only": of.flag("reduceOnly") or None,
        "close_position": of.flag("closePosition") or None,
        "update_time": time_of(of, "updateTime"),
    }


def _unless_zero(of: Fields, name: str) -> str | None:
    return None if is_zero(of.data.get(name)) else of.known(name)


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def _data(row: Row, *, detail: bool) -> dict[str, Any] | None:
    return dict(row) if detail else None
