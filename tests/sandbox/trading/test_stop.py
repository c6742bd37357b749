from dataclasses import replace
from decimal import Decimal

import pytest

from binance_mcp.sandbox.trading.stop import Stop

TEN, NINE, ZERO = Decimal(10), Decimal(9), Decimal(0)
STOP = Stop(4, "c", "A", "SELL", "STOP_MARKET", Decimal(1), TEN, ZERO, 5, 5, reduce_only=True)
PART = STOP.order_with_id(9, 6).after_fill(Decimal("0.5"), NINE, 7)
DAY = 86_400_000


def test_without_a_price_it_becomes_a_market_order() -> None:
    order = STOP.order_with_id(9, 6)

    assert (order.id, order.type, order.price, order.time) == (9, "MARKET", 0, 6)
    assert (order.row["origType"], order.row["stopPrice"]) == ("STOP_MARKET", "10")
    assert (order.client_id, order.reduce_only) == ("c", True)


def test_with_a_price_it_becomes_a_limit_order() -> None:
    order = replace(STOP, type="STOP", price=NINE).order_with_id(9, 6)

    assert (order.type, order.price) == ("LIMIT", 9)


def test_it_shows_what_became_of_its_order() -> None:
    order = STOP.order_with_id(9, 6).after_fill(Decimal(1), NINE, 7)
    row = replace(STOP.after("FINISHED", 7), order=order, triggered=6).row

    assert (row["actualOrderId"], row["actualPrice"]) == ("9", "9")
    assert (row["algoStatus"], row["triggerTime"], row["updateTime"]) == ("FINISHED", 6, 7)


@pytest.mark.parametrize(
    ("stop", "days"),
    [
        (STOP, 90),
        (STOP.after("CANCELED", 6), 3),
        (STOP.after("EXPIRED", 6), 3),
        (STOP.after("FINISHED", 6), 90),
        (replace(STOP.after("CANCELED", 6), order=PART), 90),
    ],
)
def test_it_is_found_for_ninety_days_and_for_three_if_it_ended_unfilled(
    stop: Stop, days: int
) -> None:
    assert stop.is_found(5 + days * DAY)
    assert not stop.is_found(6 + days * DAY)


def test_alone_it_is_shown_with_the_type_and_the_fill_of_its_order() -> None:
    lists_only = ("tpTriggerPrice", "tpPrice", "slTriggerPrice", "slPrice")
    triggered = replace(STOP, order=STOP.order_with_id(9, 6))
    filled = replace(STOP, order=PART)

    for stop, added in (
        (STOP, {}),
        (triggered, {"actualType": "MARKET"}),
        (filled, {"actualType": "MARKET", "actualQty": "0.5"}),
    ):
        shared = {name: value for name, value in stop.row.items() if name not in lists_only}
        assert stop.single_row == {**shared, **added}


def test_its_row_has_the_fields_of_rest() -> None:
    assert STOP.row == {
        "algoId": 4,
        "clientAlgoId": "c",
        "algoType": "CONDITIONAL",
        "orderType": "STOP_MARKET",
        "symbol": "A",
        "side": "SELL",
        "positionSide": "BOTH",
        "timeInForce": "GTC",
        "quantity": "1",
        "algoStatus": "NEW",
        "actualOrderId": "",
        "actualPrice": "0",
        "triggerPrice": "10",
        "price": "0",
        "icebergQuantity": None,
        "tpTriggerPrice": "0",
        "tpPrice": "0",
        "slTriggerPrice": "0",
        "slPrice": "0",
        "tpOrderType": "",
        "selfTradePreventionMode": "EXPIRE_MAKER",
        "workingType": "CONTRACT_PRICE",
        "priceMatch": "NONE",
        "closePosition": False,
        "priceProtect": False,
        "reduceOnly": True,
        "createTime": 5,
        "updateTime": 5,
        "triggerTime": 0,
        "goodTillDate": 0,
    }
