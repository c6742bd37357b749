import pytest

from binance_mcp.sandbox.authentication import verifier
from tests.sandbox.trading.exchange_of_alice import AliceExchange

ORDERS, FILLS, STOPS = "/sandbox/orders", "/sandbox/fills", "/sandbox/stops"
FUNDING, MARKS = "/sandbox/funding", "/sandbox/marks"
ORDER = {"symbol": "A", "side": "BUY", "quantity": "2", "price": "10"}
STOP = {"symbol": "A", "side": "SELL", "quantity": "1", "triggerPrice": "9"}


def test_orders_are_placed_cancelled_and_expire(exchange: AliceExchange) -> None:
    assert exchange.post(ORDERS, {**ORDER, "clientOrderId": "mine"}) == (200, {"orderId": 1})
    assert exchange.post(ORDERS, ORDER) == (200, {"orderId": 2})
    assert exchange.post(ORDERS, {"orderId": 1, "status": "CANCELED"}) == (200, {"orderId": 1})
    assert exchange.post(ORDERS, {"orderId": 2, "status": "EXPIRED"}) == (200, {"orderId": 2})

    statuses = [order.status for order in exchange.ledger.book.orders]
    assert statuses == ["CANCELED", "EXPIRED"]


def test_fills_are_of_an_order_or_of_a_market_order_that_is_placed(
    exchange: AliceExchange,
) -> None:
    exchange.post(ORDERS, ORDER)

    assert exchange.post(FILLS, {"orderId": 1, "quantity": "1"}) == (200, {"tradeId": 1})
    assert exchange.post(FILLS, {**ORDER, "symbol": "B"}) == (200, {"tradeId": 1})
    assert exchange.post(FILLS, {"orderId": 1}) == (200, {"tradeId": 2})


def test_marks_are_set_and_funding_is_paid_at_them(exchange: AliceExchange) -> None:
    exchange.post(FILLS, {**ORDER, "commission": "0"})

    assert exchange.post(MARKS, {"prices": {"A": "20", "B": "5"}}) == (204, None)
    assert exchange.post(MARKS, {"prices": {}, "withheld": True}) == (204, None)
    assert exchange.post(FUNDING, {"symbol": "A", "rate": "0.1"}) == (200, {"events": 1})
    assert exchange.post(FUNDING, {"symbol": "B", "rate": "0.1"}) == (200, {"events": 0})

    assert exchange.ledger.book.wallet == 9996


def test_stops_are_placed_triggered_and_cancelled(exchange: AliceExchange) -> None:
    assert exchange.post(STOPS, STOP) == (200, {"algoId": 1})
    assert exchange.post(STOPS, {**STOP, "type": "TAKE_PROFIT_MARKET"}) == (200, {"algoId": 2})
    assert exchange.post(STOPS, {"algoId": 1, "status": "TRIGGERED"}) == (200, {"orderId": 1})
    assert exchange.post(STOPS, {"algoId": 2, "status": "CANCELED"}) == (200, {"algoId": 2})

    assert [stop.status for stop in exchange.ledger.book.stops] == ["TRIGGERED", "CANCELED"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (ORDERS, ORDER),
        (FILLS, ORDER),
        (STOPS, STOP),
    ],
)
def test_a_change_may_be_withheld_and_names_its_account_unless_there_is_one(
    exchange: AliceExchange, path: str, body: dict[str, str]
) -> None:
    exchange.accounts.add_account("bob", verifier(None, None))

    status, refused = exchange.post(path, body)
    assert (status, refused["error"]) == (400, "apiKey: needed, for there are 2 accounts")
    withheld = {**body, "apiKey": "bob", "withheld": True}
    assert exchange.post(path, withheld)[0] == 200

    assert {(each.account, each.delivered) for each in exchange.records} == {(2, 0)}


@pytest.mark.parametrize(
    ("path", "body", "problem"),
    [
        (ORDERS, {**ORDER, "quantity": "0"}, "quantity: "),
        (ORDERS, {"orderId": 1, "status": "FILLED"}, "status: "),
        (ORDERS, {"orderId": 1, "status": "CANCELED"}, "orderId: "),
        (FILLS, {"orderId": 1}, "orderId: "),
        (FILLS, {"orderId": "1"}, "orderId: "),
        (STOPS, {"algoId": 1, "status": "TRIGGERED"}, "algoId: "),
        (STOPS, {"algoId": 1}, "status: "),
        (FUNDING, {"symbol": "A"}, "rate: "),
        (MARKS, {"prices": {"A": "-1"}}, "prices.A: "),
    ],
)
def test_a_change_that_cannot_be_made_is_refused_by_field(
    exchange: AliceExchange, path: str, body: object, problem: str
) -> None:
    status, refused = exchange.post(path, body)

    assert status == 400
    assert refused["error"].startswith(problem)
    assert exchange.events == []
