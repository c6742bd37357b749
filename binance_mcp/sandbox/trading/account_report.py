"""What an account has: its balance, its margin and its positions, as REST shows them. Pure.

https://developers.binance.com/docs/derivatives/usds-margined-futures/account/rest-api/Account-Information-V3
https://developers.binance.com/docs/derivatives/usds-margined-futures/trade/rest-api/Position-Information-V3
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from binance_mcp.sandbox.trading.amounts import ZERO, plain
from binance_mcp.sandbox.trading.book import Book
from binance_mcp.sandbox.trading.order import Row, Side
from binance_mcp.sandbox.trading.position import Position

LEVERAGE: Final = 20
MAINTENANCE_RATE: Final = Decimal("0.004")


@dataclass(frozen=True)
class _Exposure:
    """A symbol with a position or open orders."""

    position: Position
    mark: Decimal
    bids: Decimal
    """What is left of the open orders to buy, at their prices."""
    asks: Decimal

    @property
    def notional(self) -> Decimal:
        return self.position.amount * self.mark

    @property
    def profit(self) -> Decimal:
        return self.position.unrealized(self.mark)

    @property
    def position_margin(self) -> Decimal:
        return abs(self.notional) / LEVERAGE

    @property
    def order_margin(self) -> Decimal:
        return (self.bids + self.asks) / LEVERAGE

    @property
    def maintenance(self) -> Decimal:
        return abs(self.notional) * MAINTENANCE_RATE

    @property
    def margins(self) -> Row:
        """What both reports tell of it."""
        return {
            "symbol": self.position.symbol,
            "positionSide": "BOTH",
            "positionAmt": plain(self.position.amount),
            "notional": plain(self.notional),
            "isolatedMargin": "0",
            "isolatedWallet": "0",
            "initialMargin": plain(self.position_margin + self.order_margin),
            "maintMargin": plain(self.maintenance),
            "updateTime": self.position.updated,
        }

    @property
    def risk(self) -> Row:
        """Its row in the report of positions."""
        return {
            **self.margins,
            "entryPrice": plain(self.position.entry_price),
            "breakEvenPrice": plain(self.position.breakeven_price),
            "markPrice": plain(self.mark),
            "unRealizedProfit": plain(self.profit),
            "liquidationPrice": "0",
            "marginAsset": "USDT",
            "positionInitialMargin": plain(self.position_margin),
            "openOrderInitialMargin": plain(self.order_margin),
            "adl": 0,
            "bidNotional": plain(self.bids),
            "askNotional": plain(self.asks),
        }


def positions(book: Book) -> Sequence[Row]:
    """Return the symbols with a position or open orders."""
    return [each.risk for each in _exposures(book)]


def account(book: Book) -> Row:
    """Return the account: totals, assets, and positions."""
    exposures = _exposures(book)
    position_margin = sum((each.position_margin for each in exposures), ZERO)
    order_margin = sum((each.order_margin for each in exposures), ZERO)
    maintenance = sum((each.maintenance for each in exposures), ZERO)
    profit = sum((each.profit for each in exposures), ZERO)
    available = plain(_available(book, exposures))
    asset = {
        "walletBalance": plain(book.wallet),
        "unrealizedProfit": plain(profit),
        "marginBalance": plain(book.wallet + profit),
        "maintMargin": plain(maintenance),
        "initialMargin": plain(position_margin + order_margin),
        "positionInitialMargin": plain(position_margin),
        "openOrderInitialMargin": plain(order_margin),
        "crossWalletBalance": plain(book.wallet),
        "crossUnPnl": plain(profit),
    }
    limits = {"availableBalance": available, "maxWithdrawAmount": available}
    return {
        **{f"total{name[0].upper()}{name[1:]}": value for name, value in asset.items()},
        **limits,
        "assets": [{"asset": "USDT", **asset, **limits, "updateTime": book.updated}],
        "positions": [
            {**each.margins, "unrealizedProfit": plain(each.profit)} for each in exposures
        ],
    }


def balances(book: Book) -> Sequence[Row]:
    """Return the balance of each asset: of USDT."""
    exposures = _exposures(book)
    available = plain(_available(book, exposures))
    usdt = {
        "accountAlias": "sandbox",
        "asset": "USDT",
        "balance": plain(book.wallet),
        "crossWalletBalance": plain(book.wallet),
        "crossUnPnl": plain(sum((each.profit for each in exposures), ZERO)),
        "availableBalance": available,
        "maxWithdrawAmount": available,
        "marginAvailable": True,
        "updateTime": book.updated,
    }
    return [usdt]


def _available(book: Book, exposures: Sequence[_Exposure]) -> Decimal:
    used = sum((e.position_margin + e.order_margin - e.profit for e in exposures), ZERO)
    return max(ZERO, book.wallet - used)


def _exposures(book: Book) -> Sequence[_Exposure]:
    ordered = {order.symbol for order in book.open_orders}
    held = {position.symbol for position in book.positions if position.amount}
    return [
        _Exposure(
            book.position(symbol),
            book.exchange.mark(symbol),
            _resting(book, symbol, "BUY"),
            _resting(book, symbol, "SELL"),
        )
        for symbol in sorted(ordered | held)
    ]


def _resting(book: Book, symbol: str, side: Side) -> Decimal:
    return sum(
        (
            order.remaining * order.price
            for order in book.open_orders
            if (order.symbol, order.side) == (symbol, side)
        ),
        ZERO,
    )
