"""The ledger of an account: it makes changes, and publishes their events."""

from decimal import Decimal, localcontext

from binance_mcp.sandbox.accounts import Account, Accounts
from binance_mcp.sandbox.moment import Now
from binance_mcp.sandbox.trading.amounts import EXACT, Number
from binance_mcp.sandbox.trading.book import Book
from binance_mcp.sandbox.trading.changes import (
    Change,
    EndOfOrder,
    EndOfStop,
    Funding,
    MarketFill,
    NewFill,
    NewOrder,
    NewStop,
    TriggerOfStop,
)
from binance_mcp.sandbox.trading.exchange import Exchange
from binance_mcp.sandbox.trading.order import OrderType, Side, StopType, TimeInForce


class Ledger:
    """An account's orders, fills, positions, balance, income and conditional orders.

    Every change happens now, and raises ValueError if it cannot be made. With `withheld` the truth
    changes, but the events reach no stream: the event log has them, as delivered to none.
    """

    def __init__(self, book: Book, account: Account, accounts: Accounts, now: Now) -> None:
        self.book = book
        self.withholds = False
        """While this is set, every change is withheld."""
        self._account = account
        self._accounts = accounts
        self._now = now

    @property
    def time(self) -> int:
        """Server time in milliseconds."""
        return self._now().milliseconds

    def make(self, change: Change) -> int:
        """Make a change and publish its events; return the id that it results in.

        Raises:
            ValueError: It cannot be made.

        """
        now = self._now()
        with localcontext(EXACT):
            result, events = change.apply(self.book, now.milliseconds)
        withheld = change.withheld or self.withholds
        for event in events:
            self._accounts.publish(self._account, event, now, withheld=withheld)
        return result

    def place_order(  # noqa: PLR0913  # an order's own
        self,
        symbol: str,
        side: Side,
        quantity: Number,
        price: Number | None = None,
        *,
        type: OrderType | None = None,  # noqa: A002  # Binance's name
        time_in_force: TimeInForce = "GTC",
        reduce_only: bool = False,
        client_order_id: str | None = None,
        withheld: bool = False,
    ) -> int:
        """Place a limit order, or without a price a market order; return its id."""
        order = NewOrder(
            symbol=symbol,
            side=side,
            quantity=Decimal(quantity),
            price=_optional(price),
            type=type,
            time_in_force=time_in_force,
            reduce_only=reduce_only,
            client_order_id=client_order_id,
            withheld=withheld,
        )
        return self.make(order)

    def cancel(self, order_id: int, *, withheld: bool = False) -> None:
        """Cancel an open order."""
        self.make(EndOfOrder(order_id=order_id, status="CANCELED", withheld=withheld))

    def expire(self, order_id: int, *, withheld: bool = False) -> None:
        """Let an open order expire."""
        self.make(EndOfOrder(order_id=order_id, status="EXPIRED", withheld=withheld))

    def fill(  # noqa: PLR0913  # a fill's own
        self,
        order_id: int,
        quantity: Number | None = None,
        price: Number | None = None,
        *,
        maker: bool | None = None,
        commission: Number | None = None,
        withheld: bool = False,
    ) -> int:
        """Fill an open order; return the trade id.

        Without a quantity all that is left is filled; without a price, it is that of the order, or
        for a market order the mark.
        """
        fill = NewFill(
            order_id=order_id,
            quantity=_optional(quantity),
            price=_optional(price),
            maker=maker,
            commission=_optional(commission),
            withheld=withheld,
        )
        return self.make(fill)

    def trade(  # noqa: PLR0913  # a trade's own
        self,
        symbol: str,
        side: Side,
        quantity: Number,
        price: Number,
        *,
        commission: Number | None = None,
        withheld: bool = False,
    ) -> int:
        """Place a market order and fill it at once; return the trade id."""
        trade = MarketFill(
            symbol=symbol,
            side=side,
            quantity=Decimal(quantity),
            price=Decimal(price),
            commission=_optional(commission),
            withheld=withheld,
        )
        return self.make(trade)

    def fund(self, symbol: str, rate: Number, *, withheld: bool = False) -> None:
        """Book the funding fee of a position; without a position, nothing happens."""
        self.make(Funding(symbol=symbol, rate=Decimal(rate), withheld=withheld))

    def set_mark(self, symbol: str, price: Number) -> None:
        """Set the mark price of a symbol, for all accounts; Binance sends no event for it."""
        self.book.exchange.set_marks({symbol: Decimal(price)})

    def place_stop(  # noqa: PLR0913  # a conditional order's own
        self,
        symbol: str,
        side: Side,
        quantity: Number,
        trigger_price: Number,
        price: Number | None = None,
        *,
        type: StopType | None = None,  # noqa: A002  # Binance's name
        reduce_only: bool = False,
        client_algo_id: str | None = None,
        withheld: bool = False,
    ) -> int:
        """Place a conditional order, a stop unless its type is given; return its algo id."""
        stop = NewStop(
            symbol=symbol,
            side=side,
            quantity=Decimal(quantity),
            trigger_price=Decimal(trigger_price),
            price=_optional(price),
            type=type or ("STOP_MARKET" if price is None else "STOP"),
            reduce_only=reduce_only,
            client_algo_id=client_algo_id,
            withheld=withheld,
        )
        return self.make(stop)

    def cancel_stop(self, algo_id: int, *, withheld: bool = False) -> None:
        """Cancel a conditional order that is not triggered."""
        self.make(EndOfStop(algo_id=algo_id, status="CANCELED", withheld=withheld))

    def trigger_stop(self, algo_id: int, *, withheld: bool = False) -> int:
        """Trigger a conditional order; return the id of the order that it becomes."""
        return self.make(TriggerOfStop(algo_id=algo_id, status="TRIGGERED", withheld=withheld))


class Ledgers:
    """The ledgers of all accounts, on one exchange."""

    def __init__(self, accounts: Accounts, now: Now) -> None:
        self.exchange = Exchange()
        self._accounts = accounts
        self._now = now
        self._ledgers: dict[Account, Ledger] = {}

    def of(self, account: Account) -> Ledger:
        """Return the ledger of an account."""
        if account not in self._ledgers:
            book = Book(self.exchange)
            self._ledgers[account] = Ledger(book, account, self._accounts, self._now)
        return self._ledgers[account]


def _optional(number: Number | None) -> Decimal | None:
    return None if number is None else Decimal(number)
