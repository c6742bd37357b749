from dataclasses import replace
from decimal import Decimal

from binance_mcp.sandbox.trading.stop import Stop

TEN, NINE, ZERO = Decimal(10), Decimal(9), Decimal(0)
STOP = Stop(4, "c", "A", "SELL", "STOP_MARKET", Decimal(1), TEN, ZERO, 5, 5, reduce_only=True)


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
