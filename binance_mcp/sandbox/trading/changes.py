"""The changes of an account that can be ordered, as they are sent to the sandbox. Pure."""

from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from binance_mcp.sandbox.accounts import Event
from binance_mcp.sandbox.trading.amounts import ZERO, Amount, Positive
from binance_mcp.sandbox.trading.book import Book
from binance_mcp.sandbox.trading.order import End, Order, OrderType, Side, StopType, TimeInForce
from binance_mcp.sandbox.trading.stop import Stop
from binance_mcp.sandbox.trading.trade import Fill
from binance_mcp.sandbox.wire_model import WireModel

Symbol = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[^\s&=]+$")]
ClientId = Annotated[str, Field(min_length=1, max_length=36)]
_MARKET_TYPES: Mapping[StopType, bool] = {
    "STOP": False,
    "STOP_MARKET": True,
    "TAKE_PROFIT": False,
    "TAKE_PROFIT_MARKET": True,
}


class Change(WireModel):
    """A change of an account."""

    answers: ClassVar[str] = "orderId"
    """The name of the id that it results in."""
    withheld: bool = False
    """Whether its events reach no stream; the event log has them nevertheless."""
    api_key: str | None = Field(default=None, repr=False)
    """Whose; it may be left out when there is exactly one account."""

    def apply(self, book: Book, time: int) -> tuple[int, Sequence[Event]]:
        """Make the change; return an id and the events.

        Raises:
            ValueError: It cannot be made. Nothing has changed.

        """
        raise NotImplementedError


class NewOrder(Change):
    """An order to place. With a price it is a limit order, without one a market order."""

    symbol: Symbol
    side: Side
    quantity: Positive
    price: Positive | None = None
    type: OrderType | None = None
    time_in_force: TimeInForce = "GTC"
    reduce_only: bool = False
    client_order_id: ClientId | None = None

    @model_validator(mode="after")
    def _has_a_price_or_none(self) -> Self:
        if self.type is not None and self.type != self.kind:
            raise ValueError("a LIMIT order has a price, and a MARKET order has none")
        return self

    @property
    def kind(self) -> OrderType:
        """The type of the order."""
        return "MARKET" if self.price is None else "LIMIT"

    def apply(self, book: Book, time: int) -> tuple[int, Sequence[Event]]:
        """Place the order; return its id and the events."""
        order_id = book.exchange.next_id("order")
        order = Order(
            id=order_id,
            client_id=self.client_order_id or f"sandbox-{order_id}",
            symbol=self.symbol,
            side=self.side,
            type=self.kind,
            quantity=self.quantity,
            price=self.price or ZERO,
            time=time,
            updated=time,
            time_in_force=self.time_in_force,
            reduce_only=self.reduce_only,
        )
        return order_id, book.place(order)


class EndOfOrder(Change):
    """An open order to cancel, or to let expire."""

    order_id: int
    status: End

    def apply(self, book: Book, time: int) -> tuple[int, Sequence[Event]]:
        """End the order; return its id and the events."""
        return self.order_id, book.end(self.order_id, self.status, time)


class NewFill(Change):
    """A fill of an open order: of all that is left, and at its own price, unless they are given."""

    answers = "tradeId"
    order_id: int
    quantity: Positive | None = None
    price: Positive | None = None
    maker: bool | None = None
    """Whether it made the price; limit orders do, unless it is said."""
    commission: Amount | None = None

    def apply(self, book: Book, time: int) -> tuple[int, Sequence[Event]]:
        """Fill the order; return the trade id and the events."""
        order = book.open_order(self.order_id)
        price = self.price or order.price or book.exchange.mark(order.symbol)
        if not price:
            raise ValueError("price: needed, for a market order of a symbol without a mark price")
        is_maker = order.type == "LIMIT" if self.maker is None else self.maker
        fill = Fill(self.quantity or order.remaining, price, is_maker, self.commission)
        return book.fill(self.order_id, fill, time)


class MarketFill(Change):
    """A market order to place and fill at once."""

    answers = "tradeId"
    symbol: Symbol
    side: Side
    quantity: Positive
    price: Positive
    commission: Amount | None = None

    def apply(self, book: Book, time: int) -> tuple[int, Sequence[Event]]:
        """Place and fill the order; return the trade id and the events."""
        order = NewOrder(symbol=self.symbol, side=self.side, quantity=self.quantity)
        order_id, placed = order.apply(book, time)
        fill = Fill(self.quantity, self.price, is_maker=False, commission=self.commission)
        trade_id, filled = book.fill(order_id, fill, time)
        return trade_id, [*placed, *filled]


class Funding(Change):
    """A funding fee: a rate of the position at its mark. Long positions pay positive rates."""

    answers = "events"
    symbol: Symbol
    rate: Amount

    def apply(self, book: Book, time: int) -> tuple[int, Sequence[Event]]:
        """Book the fee; return the number of events and the events."""
        events = book.fund(self.symbol, self.rate, time)
        return len(events), events


class NewStop(Change):
    """A conditional order to place. Those of types without MARKET have a price."""

    answers = "algoId"
    symbol: Symbol
    side: Side
    quantity: Positive
    trigger_price: Positive
    type: StopType = "STOP_MARKET"
    price: Positive | None = None
    reduce_only: bool = False
    client_algo_id: ClientId | None = None

    @model_validator(mode="after")
    def _has_a_price_or_none(self) -> Self:
        if _MARKET_TYPES[self.type] is not (self.price is None):
            raise ValueError("STOP and TAKE_PROFIT have a price, and the other types have none")
        return self

    def apply(self, book: Book, time: int) -> tuple[int, Sequence[Event]]:
        """Place the conditional order; return its id and the events."""
        algo_id = book.exchange.next_id("algo order")
        stop = Stop(
            id=algo_id,
            client_id=self.client_algo_id or f"sandbox-algo-{algo_id}",
            symbol=self.symbol,
            side=self.side,
            type=self.type,
            quantity=self.quantity,
            trigger_price=self.trigger_price,
            price=self.price or ZERO,
            time=time,
            updated=time,
            reduce_only=self.reduce_only,
        )
        return algo_id, book.place_stop(stop)


class EndOfStop(Change):
    """A conditional order to cancel."""

    answers = "algoId"
    algo_id: int
    status: Literal["CANCELED"]

    def apply(self, book: Book, time: int) -> tuple[int, Sequence[Event]]:
        """Cancel it; return its id and the events."""
        return self.algo_id, book.cancel_stop(self.algo_id, time)


class TriggerOfStop(Change):
    """A conditional order to trigger."""

    algo_id: int
    status: Literal["TRIGGERED"]

    def apply(self, book: Book, time: int) -> tuple[int, Sequence[Event]]:
        """Trigger it; return the id of its order and the events."""
        return book.trigger_stop(self.algo_id, time)
