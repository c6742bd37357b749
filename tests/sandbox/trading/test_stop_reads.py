"""The routes that show conditional orders."""

from typing import Any

import pytest

from binance_mcp.sandbox.authentication import verifier
from binance_mcp.sandbox.trading.ledger import Ledger
from tests.sandbox.trading.exchange_of_alice import DAY, START, AliceExchange

OPEN, ALL, ONE = "/fapi/v1/openAlgoOrders", "/fapi/v1/allAlgoOrders", "/fapi/v1/algoOrder"


def ids(rows: Any) -> list[int]:  # noqa: ANN401  # JSON
    return [row["algoId"] for row in rows]


def test_open_conditional_orders_are_those_that_are_not_triggered(
    exchange: AliceExchange, ledger: Ledger
) -> None:
    for symbol in ("A", "A", "A", "B"):
        ledger.place_stop(symbol, "BUY", 2, 10)
    ledger.trigger_stop(1)

    assert ids(exchange.get(OPEN)) == [2, 3, 4]
    assert ids(exchange.get(OPEN, symbol="A")) == [2, 3]
    assert ids(exchange.get(OPEN, algoId=3)) == [3]


def test_all_conditional_orders_are_shown_whatever_became_of_them(
    exchange: AliceExchange, ledger: Ledger
) -> None:
    for _ in range(4):
        ledger.place_stop("A", "BUY", 2, 10)
    ledger.cancel_stop(1)
    ledger.trigger_stop(2)
    ledger.fill(ledger.trigger_stop(3), price=9)

    shown = [(row["algoStatus"], row["actualOrderId"]) for row in exchange.get(ALL, symbol="A")]
    assert shown == [("CANCELED", ""), ("TRIGGERED", "1"), ("FINISHED", "2"), ("NEW", "")]


def test_all_conditional_orders_are_those_of_a_symbol_created_in_less_than_seven_days(
    exchange: AliceExchange, ledger: Ledger
) -> None:
    for symbol in ("A", "B", "A", "A"):
        ledger.place_stop(symbol, "BUY", 2, 10)
        exchange.time += 3 * DAY
    exchange.time -= 3 * DAY
    ledger.trigger_stop(1)

    assert ids(exchange.get(ALL, symbol="A")) == [3, 4]
    assert ids(exchange.get(ALL, symbol="A", startTime=START)) == [1, 3]
    assert ids(exchange.get(ALL, symbol="A", startTime=START, endTime=START + 3 * DAY)) == [1]
    assert ids(exchange.get(ALL, symbol="A", startTime=START, limit=1)) == [1]
    assert ids(exchange.get(ALL, symbol="A", endTime=START + 6 * DAY)) == [1, 3]
    assert ids(exchange.get(ALL, symbol="A", limit=1)) == [4]
    assert ids(exchange.get(ALL, symbol="A", algoId=1)) == [1, 3, 4]
    assert ids(exchange.get(ALL, symbol="A", algoId=2, limit=1)) == [3]
    assert ids(exchange.get(ALL, symbol="A", algoId=1, endTime=START + DAY)) == [1]
    refused = exchange.refusal(ALL, symbol="A", startTime=START, endTime=START + 7 * DAY)
    assert refused == (-4165, "Maximum time interval is 7 days.")


def test_all_conditional_orders_are_500_unless_another_limit_is_sent(
    exchange: AliceExchange, ledger: Ledger
) -> None:
    for _ in range(1001):
        ledger.place_stop("A", "BUY", 2, 10)

    assert ids(exchange.get(ALL, symbol="A")) == list(range(502, 1002))
    assert ids(exchange.get(ALL, symbol="A", limit=1000)) == list(range(2, 1002))
    assert ids(exchange.get(ALL, symbol="A", algoId=1)) == list(range(1, 501))


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({}, -1102),
        ({"algoId": 1}, -1102),
        ({"symbol": "A", "algoId": "one"}, -1100),
        ({"symbol": "A", "limit": 1001}, -1130),
        ({"symbol": "A", "limit": 0}, -1130),
    ],
)
def test_all_conditional_orders_are_refused_without_a_symbol_and_with_a_wrong_number(
    exchange: AliceExchange, parameters: dict[str, object], code: int
) -> None:
    assert exchange.refusal(ALL, **parameters)[0] == code


def test_a_cancelled_conditional_order_is_forgotten_after_three_days(
    exchange: AliceExchange, ledger: Ledger
) -> None:
    for _ in range(3):
        ledger.place_stop("A", "BUY", 2, 10)
    ledger.cancel_stop(1)
    ledger.cancel(ledger.trigger_stop(2))

    exchange.time += 3 * DAY
    assert ids(exchange.get(ALL, symbol="A")) == [1, 2, 3]
    assert exchange.get(ONE, algoId=1)["algoStatus"] == "CANCELED"
    exchange.time += 1
    assert ids(exchange.get(ALL, symbol="A")) == [2, 3]
    assert exchange.refusal(ONE, algoId=1) == (-2013, "Order does not exist.")


def test_every_conditional_order_is_forgotten_after_ninety_days(
    exchange: AliceExchange, ledger: Ledger
) -> None:
    ledger.fill(ledger.trigger_stop(ledger.place_stop("A", "BUY", 2, 10)), price=9)
    ledger.place_stop("A", "BUY", 2, 10)

    exchange.time += 90 * DAY
    assert ids(exchange.get(ALL, symbol="A", algoId=1)) == [1, 2]
    assert exchange.get(ONE, algoId=1)["algoStatus"] == "FINISHED"
    exchange.time += 1
    assert exchange.get(ALL, symbol="A", algoId=1) == []
    assert exchange.get(ALL, symbol="A", startTime=START) == []
    assert [exchange.refusal(ONE, algoId=each)[0] for each in (1, 2)] == [-2013, -2013]


def test_a_conditional_order_is_found_by_either_of_its_ids(
    exchange: AliceExchange, ledger: Ledger
) -> None:
    ledger.place_stop("A", "BUY", 2, 10, client_algo_id="mine")
    ledger.cancel_stop(1)
    ledger.place_stop("B", "BUY", 2, 10, client_algo_id="mine")
    ledger.place_stop("A", "BUY", 2, 10)

    assert exchange.get(ONE, algoId=1)["algoStatus"] == "CANCELED"
    assert exchange.get(ONE, clientAlgoId="mine")["algoId"] == 2
    assert exchange.get(ONE, clientAlgoId="sandbox-algo-3", algoId=2)["algoId"] == 2


def test_a_conditional_order_alone_is_shown_with_what_became_of_its_order(
    exchange: AliceExchange, ledger: Ledger
) -> None:
    ledger.place_stop("A", "BUY", 2, 10)
    names = ("actualOrderId", "actualType", "actualPrice", "actualQty")

    def shown() -> list[str | None]:
        row = exchange.get(ONE, algoId=1)
        return [row.get(name) for name in names]

    assert shown() == ["", None, "0", None]
    ledger.trigger_stop(1)
    assert shown() == ["1", "MARKET", "0", None]
    ledger.fill(1, price=9)
    assert shown() == ["1", "MARKET", "9", "2"]


@pytest.mark.parametrize(
    ("parameters", "refusal"),
    [
        ({"algoId": 9}, (-2013, "Order does not exist.")),
        ({"clientAlgoId": "other"}, (-2013, "Order does not exist.")),
        (
            {},
            (
                -1102,
                "Param 'clientAlgoId' or 'algoId' must be sent, but both were empty/null!",
            ),
        ),
    ],
)
def test_a_conditional_order_that_is_not_there_or_not_named_is_refused(
    exchange: AliceExchange,
    ledger: Ledger,
    parameters: dict[str, object],
    refusal: tuple[int, str],
) -> None:
    ledger.place_stop("A", "BUY", 2, 10)

    assert exchange.refusal(ONE, **parameters) == refusal


def test_the_conditional_orders_of_another_account_are_not_found(
    exchange: AliceExchange,
) -> None:
    exchange.accounts.add_account("bob", verifier("secret of bob", None))
    exchange.ledgers.of(exchange.accounts.find("bob")).place_stop("A", "BUY", 2, 10)

    assert exchange.get(ALL, symbol="A") == []
    assert exchange.refusal(ONE, algoId=1)[0] == -2013
