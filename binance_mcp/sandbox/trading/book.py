"""The book of an account: all that it traded and has. Pure: the time is passed in.

Each change returns the events that Binance sends for it, in their order.
"""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Final

from binance_mcp.sandbox.accounts import Event
from binance_mcp.sandbox.trading.amounts import rounded
from binance_mcp.sandbox.trading.events import (
    fill_event,
    funding_event,
    order_event,
    stop_event,
    trade_event,
)
from binance_mcp.sandbox.trading.exchange import Exchange
from binance_mcp.sandbox.trading.income import Income, IncomeType
from binance_mcp.sandbox.trading.order import End, Order
from binance_mcp.sandbox.trading.position import Position
from binance_mcp.sandbox.trading.stop import Stop
from binance_mcp.sandbox.trading.trade import Fill, Trade

INITIAL_BALANCE: Final = Decimal(10_000)
"""The USDT that an account has from the start."""


class Book:
    """An account's orders, trades, positions, conditional orders, income and wallet."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.trades: list[Trade] = []
        self.incomes: list[Income] = []
        self.wallet = INITIAL_BALANCE
        self.updated = 0
        """When the wallet changed last; 0 if it never did."""
        self._orders: dict[int, Order] = {}
        self._open_orders: dict[int, Order] = {}
        self._stops: dict[int, Stop] = {}
        self._open_stops: dict[int, Stop] = {}
        self._positions: dict[str, Position] = {}
        self._triggered: dict[int, int] = {}
        """The id of the conditional order that an order was, by the id of the order."""

    @property
    def orders(self) -> Sequence[Order]:
        """All orders, oldest first."""
        return tuple(self._orders.values())

    @property
    def open_orders(self) -> Sequence[Order]:
        """The orders that can still be filled, oldest first."""
        return tuple(self._open_orders.values())

    @property
    def stops(self) -> Sequence[Stop]:
        """All conditional orders, oldest first."""
        return tuple(self._stops.values())

    @property
    def open_stops(self) -> Sequence[Stop]:
        """The conditional orders that are not triggered, oldest first."""
        return tuple(self._open_stops.values())

    @property
    def positions(self) -> Sequence[Position]:
        """The position of each symbol that was ever traded, closed ones included."""
        return tuple(self._positions.values())

    def position(self, symbol: str) -> Position:
        """Return the position in a symbol; its amount is zero if there is none."""
        return self._positions.get(symbol) or Position(symbol)

    def open_order(self, order_id: int) -> Order:
        """Return an order that can still be filled.

        Raises:
            ValueError: There is no such order.

        """
        if order_id not in self._open_orders:
            raise ValueError(f"orderId: the account has no open order {order_id}")
        return self._open_orders[order_id]

    def place(self, order: Order) -> Sequence[Event]:
        """Add a new order.

        Raises:
            ValueError: An open order has its client order id.

        """
        if any(each.client_id == order.client_id for each in self._open_orders.values()):
            raise ValueError("clientOrderId: an open order has it already")
        self._keep(order)
        return [order_event(order)]

    def end(self, order_id: int, status: End, time: int) -> Sequence[Event]:
        """Cancel an open order, or let it expire.

        Raises:
            ValueError: There is no such order.

        """
        order = self.open_order(order_id).after_end(status, time)
        self._keep(order)
        return [order_event(order), *self._after_order(order)]

    def fill(self, order_id: int, fill: Fill, time: int) -> tuple[int, Sequence[Event]]:
        """Fill an open order, or a part of it; return the trade id, too.

        Raises:
            ValueError: There is no such order, or not as much is left of it.

        """
        order = self.open_order(order_id)
        if fill.quantity > order.remaining:
            raise ValueError(f"quantity: only {order.remaining} of order {order_id} is left")
        order = order.after_fill(fill.quantity, fill.price, time)
        self._keep(order)
        trade = self._book(order, fill, time)
        mark = self.exchange.mark(order.symbol)
        events = [
            trade_event(order, trade),
            fill_event(self.wallet, self.position(order.symbol), mark),
            order_event(order, trade),
            *self._after_order(order),
        ]
        return trade.id, events

    def fund(self, symbol: str, rate: Decimal, time: int) -> Sequence[Event]:
        """Pay or receive the funding fee of a position, if there is one."""
        position = self.position(symbol)
        fee = rounded(-position.amount * self.exchange.mark(symbol) * rate)
        if not fee:
            return []
        self._earn("FUNDING_FEE", symbol, fee, time)
        return [funding_event(self.wallet, symbol, fee, time)]

    def place_stop(self, stop: Stop) -> Sequence[Event]:
        """Add a new conditional order.

        Raises:
            ValueError: An open one has its client algo id.

        """
        if any(each.client_id == stop.client_id for each in self._open_stops.values()):
            raise ValueError("clientAlgoId: an open conditional order has it already")
        return [self._changed(stop)]

    def cancel_stop(self, algo_id: int, time: int) -> Sequence[Event]:
        """Cancel a conditional order that is not triggered.

        Raises:
            ValueError: There is no such order.

        """
        return [self._changed(self._open_stop(algo_id).after("CANCELED", time))]

    def trigger_stop(self, algo_id: int, time: int) -> tuple[int, Sequence[Event]]:
        """Turn a conditional order into an order; return the id of that, too.

        Raises:
            ValueError: There is no such conditional order, or its order cannot be placed.

        """
        stop = replace(self._open_stop(algo_id).after("TRIGGERING", time), triggered=time)
        order = stop.order_with_id(self.exchange.next_id("order"), time)
        placed = self.place(order)
        self._triggered[order.id] = algo_id
        events = [self._changed(stop)]
        events.append(self._changed(replace(stop.after("TRIGGERED", time), order=order)))
        return order.id, [*events, *placed]

    def _open_stop(self, algo_id: int) -> Stop:
        if algo_id not in self._open_stops:
            raise ValueError(f"algoId: the account has no open conditional order {algo_id}")
        return self._open_stops[algo_id]

    def _keep(self, order: Order) -> None:
        self._orders[order.id] = order
        self._open_orders[order.id] = order
        if not order.is_open:
            del self._open_orders[order.id]

    def _changed(self, stop: Stop) -> Event:
        self._stops[stop.id] = stop
        if stop.status == "NEW":
            self._open_stops[stop.id] = stop
        else:
            self._open_stops.pop(stop.id, None)
        return stop_event(stop)

    def _after_order(self, order: Order) -> Sequence[Event]:
        """Finish the conditional order that an order was, if the order has ended."""
        if order.is_open or order.id not in self._triggered:
            return []
        stop = self._stops[self._triggered[order.id]].after("FINISHED", order.updated)
        return [self._changed(replace(stop, order=order))]

    def _book(self, order: Order, fill: Fill, time: int) -> Trade:
        symbol = order.symbol
        before = self.position(symbol)
        change = order.signed(fill.quantity)
        after = before.after_trade(change, fill.price, fill.fee, time)
        trade = Trade(
            id=self.exchange.next_trade_id(symbol),
            order_id=order.id,
            symbol=symbol,
            side=order.side,
            quantity=fill.quantity,
            price=fill.price,
            commission=fill.fee,
            is_maker=fill.is_maker,
            realized=after.realized - before.realized,
            time=time,
        )
        self.trades.append(trade)
        self._positions[symbol] = after
        self.exchange.traded(symbol, fill.price)
        self._earn("REALIZED_PNL", symbol, trade.realized, time, trade.id)
        self._earn("COMMISSION", symbol, -trade.commission, time, trade.id)
        return trade

    def _earn(
        self, kind: IncomeType, symbol: str, amount: Decimal, time: int, trade_id: int | None = None
    ) -> None:
        self.wallet += amount
        self.updated = time
        if amount:
            transaction = self.exchange.next_id("transaction")
            self.incomes.append(Income(transaction, kind, symbol, amount, time, trade_id))
