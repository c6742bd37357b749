import json
from typing import Any

import pytest

from binance_mcp.sandbox.faults import Fault
from binance_mcp.sandbox.trading.ledger import Ledger
from tests.sandbox.trading.exchange_of_alice import DAY, START, AliceExchange

OPEN_ORDERS, ALL_ORDERS, ORDER = "/fapi/v1/openOrders", "/fapi/v1/allOrders", "/fapi/v1/order"
TRADES, INCOME, STOPS = "/fapi/v1/userTrades", "/fapi/v1/income", "/fapi/v1/openAlgoOrders"
ALL_STOPS, STOP = "/fapi/v1/allAlgoOrders", "/fapi/v1/algoOrder"
ACCOUNT, RISK, BALANCE = "/fapi/v3/account", "/fapi/v3/positionRisk", "/fapi/v3/balance"
PATHS = (
    *(OPEN_ORDERS, ALL_ORDERS, ORDER, TRADES, INCOME, STOPS),
    *(ALL_STOPS, STOP, ACCOUNT, RISK, BALANCE),
)


def ids(rows: Any, name: str = "orderId") -> list[int]:  # noqa: ANN401  # JSON
    return [row[name] for row in rows]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("query", "code", "parameter"),
    [
        ("", -1102, "'signature'"),
        (f"timestamp={START}", -1102, "'signature'"),
        ("signature=", -1022, ""),
        ("signature=0", -1022, ""),
    ],
)
def test_every_read_must_be_signed(
    exchange: AliceExchange, path: str, query: str, code: int, parameter: str
) -> None:
    answer = exchange.sent(path, query)

    refused = json.loads(answer.body)
    assert (answer.status, refused["code"]) == (400, code)
    assert parameter in refused["msg"]


@pytest.mark.parametrize(
    ("path", "parameters", "weight"),
    [
        (OPEN_ORDERS, {}, 40),
        (OPEN_ORDERS, {"symbol": "A"}, 1),
        (STOPS, {}, 40),
        (STOPS, {"symbol": "A"}, 1),
        (ALL_ORDERS, {}, 5),
        (ORDER, {}, 1),
        (ALL_STOPS, {}, 5),
        (ALL_STOPS, {"symbol": "A"}, 5),
        (STOP, {}, 1),
        (TRADES, {}, 5),
        (ACCOUNT, {}, 5),
        (RISK, {}, 5),
        (BALANCE, {}, 5),
        (INCOME, {}, 30),
        ("/fapi/v1/time", {}, 1),
    ],
)
def test_each_read_has_its_weight(
    exchange: AliceExchange, path: str, parameters: dict[str, str], weight: int
) -> None:
    answer = exchange.answer(path, **parameters)

    assert answer.headers["X-MBX-USED-WEIGHT-1M"] == str(weight)


def test_open_orders_are_those_that_can_be_filled(exchange: AliceExchange, ledger: Ledger) -> None:
    for symbol in ("A", "A", "A", "B"):
        ledger.place_order(symbol, "BUY", 2, 10)
    ledger.fill(1)
    ledger.fill(2, 1)

    assert ids(exchange.get(OPEN_ORDERS)) == [2, 3, 4]
    assert ids(exchange.get(OPEN_ORDERS, symbol="A")) == [2, 3]


def test_all_orders_are_those_created_in_a_window_of_less_than_seven_days(
    exchange: AliceExchange, ledger: Ledger
) -> None:
    for symbol in ("A", "B", "A"):
        ledger.place_order(symbol, "BUY", 2, 10)
        exchange.time += 3 * DAY

    assert ids(exchange.get(ALL_ORDERS)) == [2, 3]
    assert ids(exchange.get(ALL_ORDERS, symbol="A")) == [3]
    assert ids(exchange.get(ALL_ORDERS, startTime=START)) == [1, 2, 3]
    assert ids(exchange.get(ALL_ORDERS, startTime=START, endTime=START + 3 * DAY)) == [1, 2]
    assert ids(exchange.get(ALL_ORDERS, startTime=START, limit=1)) == [1]
    assert ids(exchange.get(ALL_ORDERS, limit=1)) == [3]
    assert ids(exchange.get(ALL_ORDERS, orderId=1, limit=2)) == [1, 2]
    assert ids(exchange.get(ALL_ORDERS, orderId=2, endTime=START + 4 * DAY)) == [2]
    refused = exchange.refusal(ALL_ORDERS, startTime=START, endTime=START + 7 * DAY)
    assert refused == (-4165, "Maximum time interval is 7 days.")
    assert exchange.refusal(ALL_ORDERS, limit=1001)[0] == -1130


def test_a_cancelled_order_without_fills_is_forgotten_after_three_days(
    exchange: AliceExchange, ledger: Ledger
) -> None:
    for _ in range(3):
        ledger.place_order("A", "BUY", 2, 10)
    ledger.cancel(1)
    ledger.fill(2, 1)
    ledger.cancel(2)

    assert ids(exchange.get(ALL_ORDERS)) == [1, 2, 3]
    exchange.time += 3 * DAY + 1
    assert ids(exchange.get(ALL_ORDERS)) == [2, 3]
    assert exchange.refusal(ORDER, symbol="A", orderId=1)[0] == -2013
    exchange.time += 87 * DAY
    assert exchange.get(ALL_ORDERS, orderId=1) == []


def test_an_order_is_found_by_either_of_its_ids(exchange: AliceExchange, ledger: Ledger) -> None:
    ledger.place_order("A", "BUY", 2, 10, client_order_id="mine")
    ledger.cancel(1)
    ledger.place_order("A", "BUY", 2, 10, client_order_id="mine")
    ledger.place_order("B", "BUY", 2, 10)

    assert exchange.get(ORDER, symbol="A", orderId=1)["status"] == "CANCELED"
    assert exchange.get(ORDER, symbol="A", origClientOrderId="mine")["orderId"] == 2
    assert exchange.get(ORDER, symbol="A", origClientOrderId="sandbox-3", orderId=2)["orderId"] == 2


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"symbol": "A", "orderId": 9}, -2013),
        ({"symbol": "B", "orderId": 1}, -2013),
        ({"symbol": "A"}, -1102),
        ({"orderId": 1}, -1102),
        ({"symbol": "A", "orderId": "one"}, -1100),
    ],
)
def test_an_order_that_is_not_there_or_not_named_is_refused(
    exchange: AliceExchange, ledger: Ledger, parameters: dict[str, object], code: int
) -> None:
    ledger.place_order("A", "BUY", 2, 10)

    assert exchange.refusal(ORDER, **parameters)[0] == code


def test_trades_are_those_of_a_symbol_in_a_window_of_seven_days(
    exchange: AliceExchange, ledger: Ledger
) -> None:
    for symbol in ("A", "B", "A", "A"):
        ledger.trade(symbol, "BUY", 1, 10)
        exchange.time += 3 * DAY

    assert ids(exchange.get(TRADES, symbol="A"), "id") == [2, 3]
    assert ids(exchange.get(TRADES, symbol="B", startTime=START), "id") == [1]
    assert ids(exchange.get(TRADES, symbol="A", startTime=START, limit=1), "id") == [1]
    seven = exchange.get(TRADES, symbol="A", startTime=START, endTime=START + 7 * DAY)
    assert ids(seven, "id") == [1, 2]
    assert ids(exchange.get(TRADES, symbol="A", fromId=1), "id") == [1, 2, 3]
    assert ids(exchange.get(TRADES, symbol="A", fromId=2, limit=1), "id") == [2]
    assert ids(exchange.get(TRADES, symbol="A", orderId=1), "id") == [1]
    late = exchange.get(TRADES, symbol="A", orderId=1, startTime=START + 1)
    assert late == []


def test_trades_are_refused_without_a_symbol_with_two_starts_and_in_too_long_a_window(
    exchange: AliceExchange,
) -> None:
    eight = {"startTime": START, "endTime": START + 7 * DAY + 1}

    assert exchange.refusal(TRADES)[0] == -1102
    assert exchange.refusal(TRADES, symbol="A", fromId=1, startTime=1)[0] == -1128
    assert exchange.refusal(TRADES, symbol="A", fromId=1, endTime=1)[0] == -1128
    assert exchange.refusal(TRADES, symbol="A", **eight)[0] == -4165


def test_trades_and_income_go_back_three_months(exchange: AliceExchange, ledger: Ledger) -> None:
    ledger.trade("A", "BUY", 1, 10)
    since = {"startTime": START}
    exchange.time += 90 * DAY
    assert ids(exchange.get(TRADES, symbol="A", fromId=1), "id") == [1]
    assert len(exchange.get(INCOME, **since)) == 1

    exchange.time += 1

    assert exchange.get(TRADES, symbol="A", fromId=1) == []
    assert exchange.get(TRADES, symbol="A", **since) == []
    assert exchange.get(INCOME, **since) == []


def test_income_is_shown_by_type_symbol_time_and_page(
    exchange: AliceExchange, ledger: Ledger
) -> None:
    ledger.trade("A", "BUY", 1, 100)
    exchange.time += 8 * DAY
    ledger.trade("B", "BUY", 1, 100)
    ledger.trade("A", "SELL", 1, 110)
    ledger.fund("B", "0.01")

    shown = exchange.get(INCOME, startTime=START)
    assert [(row["incomeType"], row["symbol"], row["income"]) for row in shown] == [
        ("COMMISSION", "A", "-0.05"),
        ("COMMISSION", "B", "-0.05"),
        ("REALIZED_PNL", "A", "10"),
        ("COMMISSION", "A", "-0.055"),
        ("FUNDING_FEE", "B", "-1"),
    ]
    assert ids(exchange.get(INCOME), "tranId") == [2, 3, 4, 5]
    assert ids(exchange.get(INCOME, symbol="A"), "tranId") == [3, 4]
    assert ids(exchange.get(INCOME, incomeType="FUNDING_FEE"), "tranId") == [5]
    assert ids(exchange.get(INCOME, limit=3), "tranId") == [2, 3, 4]
    assert ids(exchange.get(INCOME, limit=3, page=2), "tranId") == [5]
    assert ids(exchange.get(INCOME, startTime=START, endTime=START), "tranId") == [1]
    assert exchange.refusal(INCOME, page=0)[0] == -1130


def test_positions_are_shown_of_all_symbols_or_of_one(
    exchange: AliceExchange, ledger: Ledger
) -> None:
    ledger.trade("A", "BUY", 1, 100)
    ledger.place_order("B", "BUY", 1, 100)

    assert ids(exchange.get(RISK), "symbol") == ["A", "B"]
    assert ids(exchange.get(RISK, symbol="B"), "symbol") == ["B"]
    assert ids(exchange.get(ACCOUNT)["positions"], "symbol") == ["A", "B"]
    assert ids(exchange.get(BALANCE), "asset") == ["USDT"]


def test_paging_can_be_refused_in_its_middle_and_goes_on(
    exchange: AliceExchange, ledger: Ledger
) -> None:
    for _ in range(3):
        ledger.trade("A", "BUY", 1, 100)
    exchange.faults.arm(Fault(fault="http_429_-1003", path=TRADES, after=1))
    exchange.faults.arm(Fault(fault="all_orders_need_symbol"))

    statuses = [exchange.answer(TRADES, symbol="A", fromId=n).status for n in (1, 2, 2)]

    assert statuses == [200, 429, 200]
    assert exchange.get(ALL_ORDERS, symbol="A") != []
    assert exchange.refusal(ALL_ORDERS)[0] == -1102
