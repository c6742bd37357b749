from collections.abc import Sequence
from typing import Any

import pytest

from tests.sandbox.trading.exchange_of_alice import AliceExchange


def kinds(exchange: AliceExchange, after: int = 0) -> Sequence[str]:
    """Return each event as its type, and what happened."""
    return [_kind(each.event) for each in exchange.log.after(after)]


def _kind(event: Any) -> str:  # noqa: ANN401  # JSON
    if event["e"] == "ACCOUNT_UPDATE":
        return f"ACCOUNT_UPDATE {event['a']['m']}"
    return event["e"] if "o" not in event else f"{event['e']} {event['o']['X']}"


def test_placing_an_order_is_one_event(exchange: AliceExchange) -> None:
    assert exchange.ledger.place_order("A", "BUY", "2", "10") == 1

    assert kinds(exchange) == ["ORDER_TRADE_UPDATE NEW"]


def test_a_fill_is_a_trade_lite_an_account_update_and_an_order_trade_update(
    exchange: AliceExchange,
) -> None:
    order_id = exchange.ledger.place_order("A", "BUY", 2, 10)

    assert exchange.ledger.fill(order_id, 1) == 1
    assert exchange.ledger.fill(order_id) == 2

    assert kinds(exchange, after=1) == [
        "TRADE_LITE",
        "ACCOUNT_UPDATE ORDER",
        "ORDER_TRADE_UPDATE PARTIALLY_FILLED",
        "TRADE_LITE",
        "ACCOUNT_UPDATE ORDER",
        "ORDER_TRADE_UPDATE FILLED",
    ]


def test_an_order_that_ends_is_one_event_and_is_open_no_more(exchange: AliceExchange) -> None:
    ledger = exchange.ledger
    ledger.cancel(ledger.place_order("A", "BUY", 2, 10))
    expired = ledger.place_order("A", "BUY", 2, 10)
    ledger.expire(expired)

    assert kinds(exchange)[1::2] == ["ORDER_TRADE_UPDATE CANCELED", "ORDER_TRADE_UPDATE EXPIRED"]
    with pytest.raises(ValueError, match="orderId: the account has no open order 2"):
        ledger.fill(expired)
    with pytest.raises(ValueError, match="orderId: the account has no open order 9"):
        ledger.cancel(9)


def test_no_more_can_be_filled_than_is_left(exchange: AliceExchange) -> None:
    order_id = exchange.ledger.place_order("A", "BUY", 2, 10)
    exchange.ledger.fill(order_id, "1.5")

    with pytest.raises(ValueError, match=r"quantity: only 0\.5 of order 1 is left"):
        exchange.ledger.fill(order_id, 1)


def test_a_client_order_id_is_free_again_when_its_order_has_ended(exchange: AliceExchange) -> None:
    ledger = exchange.ledger
    order_id = ledger.place_order("A", "BUY", 2, 10, client_order_id="mine")

    with pytest.raises(ValueError, match="clientOrderId: an open order has it already"):
        ledger.place_order("A", "BUY", 2, 10, client_order_id="mine")
    ledger.cancel(order_id)
    ledger.place_order("A", "BUY", 2, 10, client_order_id="mine")


def test_a_fill_books_its_profit_and_its_commission(exchange: AliceExchange) -> None:
    ledger = exchange.ledger
    ledger.trade("A", "BUY", 1, 100)
    ledger.trade("A", "SELL", 1, 110, commission=0)

    found = [(each.type, str(each.amount), each.trade_id) for each in ledger.book.incomes]
    assert found == [("COMMISSION", "-0.05000000", 1), ("REALIZED_PNL", "10.00000000", 2)]
    assert str(ledger.book.wallet) == "10009.95000000"


def test_funding_is_paid_for_a_position_at_its_mark(exchange: AliceExchange) -> None:
    ledger = exchange.ledger
    ledger.fund("A", "0.01")
    ledger.trade("A", "SELL", 2, 100, commission=0)
    ledger.set_mark("A", 50)
    before = len(exchange.records)

    exchange.time += 5
    ledger.fund("A", "0.01")

    assert kinds(exchange, after=before) == ["ACCOUNT_UPDATE FUNDING_FEE"]
    assert (ledger.book.wallet, ledger.book.updated) == (10_001, exchange.time)


def test_a_conditional_order_is_triggered_and_finished_by_its_order(
    exchange: AliceExchange,
) -> None:
    ledger = exchange.ledger
    algo_id = ledger.place_stop("A", "SELL", 2, 90)
    order_id = ledger.trigger_stop(algo_id)
    ledger.fill(order_id, 1, 89)
    ledger.fill(order_id, 1, 91)

    assert kinds(exchange) == [
        "ALGO_UPDATE NEW",
        "ALGO_UPDATE TRIGGERING",
        "ALGO_UPDATE TRIGGERED",
        "ORDER_TRADE_UPDATE NEW",
        "TRADE_LITE",
        "ACCOUNT_UPDATE ORDER",
        "ORDER_TRADE_UPDATE PARTIALLY_FILLED",
        "TRADE_LITE",
        "ACCOUNT_UPDATE ORDER",
        "ORDER_TRADE_UPDATE FILLED",
        "ALGO_UPDATE FINISHED",
    ]
    assert [each["o"]["ai"] for each in exchange.events[:3]] == ["", "", str(order_id)]
    finished = exchange.events[-1]["o"]
    assert (finished["ap"], finished["aq"], finished["tt"]) == ("90", "2", exchange.time)


def test_a_conditional_order_is_finished_when_its_order_is_cancelled(
    exchange: AliceExchange,
) -> None:
    ledger = exchange.ledger
    ledger.cancel(ledger.trigger_stop(ledger.place_stop("A", "SELL", 2, 90, 89)))

    assert kinds(exchange)[-2:] == ["ORDER_TRADE_UPDATE CANCELED", "ALGO_UPDATE FINISHED"]


def test_a_conditional_order_ends_once(exchange: AliceExchange) -> None:
    ledger = exchange.ledger
    algo_id = ledger.place_stop("A", "SELL", 2, 90)
    ledger.cancel_stop(algo_id)

    assert kinds(exchange) == ["ALGO_UPDATE NEW", "ALGO_UPDATE CANCELED"]
    with pytest.raises(ValueError, match="algoId: the account has no open conditional order 1"):
        ledger.trigger_stop(algo_id)
    with pytest.raises(ValueError, match="algoId: the account has no open conditional order 8"):
        ledger.cancel_stop(8)


def test_a_client_algo_id_is_that_of_one_open_conditional_order(exchange: AliceExchange) -> None:
    ledger = exchange.ledger
    algo_id = ledger.place_stop("A", "SELL", 2, 90, client_algo_id="mine")

    with pytest.raises(ValueError, match="clientAlgoId: an open conditional order has it already"):
        ledger.place_stop("A", "SELL", 2, 90, client_algo_id="mine")
    ledger.cancel_stop(algo_id)
    ledger.place_stop("A", "SELL", 2, 90, client_algo_id="mine")


def test_an_order_that_cannot_be_placed_leaves_its_conditional_order_as_it_was(
    exchange: AliceExchange,
) -> None:
    ledger = exchange.ledger
    algo_id = ledger.place_stop("A", "SELL", 2, 90, client_algo_id="mine")
    order_id = ledger.place_order("A", "SELL", 2, 90, client_order_id="mine")

    with pytest.raises(ValueError, match="clientOrderId"):
        ledger.trigger_stop(algo_id)
    ledger.cancel(order_id)
    ledger.trigger_stop(algo_id)


def test_a_symbol_that_was_never_traded_has_no_position(exchange: AliceExchange) -> None:
    book = exchange.ledger.book

    assert (book.position("A").amount, book.positions) == (0, ())
