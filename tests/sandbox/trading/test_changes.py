from collections.abc import Mapping
from decimal import Decimal

import pytest
from pydantic import ValidationError

from binance_mcp.sandbox.trading.book import Book
from binance_mcp.sandbox.trading.changes import Change, MarketFill, NewFill, NewOrder, NewStop
from binance_mcp.sandbox.trading.exchange import Exchange

ORDER = {"symbol": "A", "side": "BUY", "quantity": "2"}
STOP = {**ORDER, "trigger_price": "90"}


@pytest.fixture
def book() -> Book:
    return Book(Exchange())


@pytest.mark.parametrize(
    ("model", "members", "wrong"),
    [
        (NewOrder, ORDER, {"quantity": "0"}),
        (NewOrder, ORDER, {"quantity": "NaN"}),
        (NewOrder, ORDER, {"quantity": "0.000000001"}),
        (NewOrder, ORDER, {"quantity": "99999999999"}),
        (NewOrder, ORDER, {"price": "-1"}),
        (NewOrder, ORDER, {"symbol": ""}),
        (NewOrder, ORDER, {"symbol": "A B"}),
        (NewOrder, ORDER, {"side": "HOLD"}),
        (NewOrder, ORDER, {"type": "LIMIT"}),
        (NewOrder, {**ORDER, "price": "1"}, {"type": "MARKET"}),
        (NewOrder, ORDER, {"type": "STOP"}),
        (NewOrder, ORDER, {"clientOrderId": "c" * 37}),
        (NewStop, STOP, {"type": "STOP"}),
        (NewStop, STOP, {"type": "TAKE_PROFIT_MARKET", "price": "1"}),
        (NewStop, STOP, {"trigger_price": "0"}),
    ],
)
def test_a_change_that_makes_no_sense_is_refused(
    model: type[Change], members: Mapping[str, str], wrong: Mapping[str, str]
) -> None:
    model.model_validate(members, strict=False)

    with pytest.raises(ValidationError):
        model.model_validate({**members, **wrong}, strict=False)


def test_the_type_of_an_order_follows_from_its_price(book: Book) -> None:
    for price in (None, Decimal(10)):
        order = NewOrder(symbol="A", side="BUY", quantity=Decimal(2), price=price)
        order.apply(book, 5)

    found = [(o.id, o.client_id, o.type, o.price, o.time, o.updated) for o in book.orders]
    assert found == [
        (1, "sandbox-1", "MARKET", 0, 5, 5),
        (2, "sandbox-2", "LIMIT", 10, 5, 5),
    ]


def test_a_fill_is_of_all_that_is_left_at_the_price_of_the_order_as_its_maker(book: Book) -> None:
    NewOrder(symbol="A", side="BUY", quantity=Decimal(2), price=Decimal(10)).apply(book, 5)

    trade_id, _ = NewFill(order_id=1).apply(book, 6)

    [trade] = book.trades
    assert (trade.id, trade.quantity, trade.price, trade.is_maker) == (trade_id, 2, 10, True)


def test_a_market_order_is_filled_at_the_mark_as_a_taker(book: Book) -> None:
    NewOrder(symbol="A", side="BUY", quantity=Decimal(2)).apply(book, 5)

    with pytest.raises(ValueError, match="price: needed"):
        NewFill(order_id=1).apply(book, 6)
    book.exchange.set_marks({"A": Decimal(7)})
    NewFill(order_id=1).apply(book, 6)

    assert [(trade.price, trade.is_maker) for trade in book.trades] == [(7, False)]


def test_all_of_a_fill_can_be_said(book: Book) -> None:
    NewOrder(symbol="A", side="BUY", quantity=Decimal(2), price=Decimal(10)).apply(book, 5)

    fill = NewFill(
        order_id=1, quantity=Decimal(1), price=Decimal(9), maker=False, commission=Decimal(3)
    )
    fill.apply(book, 6)

    [trade] = book.trades
    found = (trade.quantity, trade.price, trade.is_maker, trade.commission)
    assert found == (1, 9, False, 3)


def test_a_market_order_can_be_placed_and_filled_at_once(book: Book) -> None:
    trade = MarketFill(symbol="A", side="SELL", quantity=Decimal(2), price=Decimal(10))

    trade_id, events = trade.apply(book, 5)

    assert (trade_id, len(events), book.orders[0].status) == (1, 4, "FILLED")
    assert book.position("A").amount == -2


def test_a_change_says_itself_what_it_does(book: Book) -> None:
    with pytest.raises(NotImplementedError):
        Change().apply(book, 5)
