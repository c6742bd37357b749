from decimal import Decimal

import pytest

from binance_mcp.sandbox.trading.order import Order

DAY = 86_400_000
LIMIT = Order(7, "mine", "A", "BUY", "LIMIT", Decimal("0.50"), Decimal("100.0"), 5, 5)


def test_a_fill_of_a_part_leaves_it_open() -> None:
    part = LIMIT.after_fill(Decimal("0.2"), Decimal(99), 8)

    assert (part.status, part.is_open, part.remaining) == ("PARTIALLY_FILLED", True, Decimal("0.3"))
    assert (part.average, part.time, part.updated) == (99, 5, 8)


def test_fills_of_all_of_it_fill_it_at_their_average() -> None:
    filled = LIMIT.after_fill(Decimal("0.2"), Decimal(99), 8)
    filled = filled.after_fill(Decimal("0.3"), Decimal(100), 9)

    assert (filled.status, filled.is_open, filled.remaining) == ("FILLED", False, 0)
    assert (filled.average, filled.updated) == (Decimal("99.6"), 9)


def test_it_is_cancelled_or_expires() -> None:
    assert LIMIT.after_end("EXPIRED", 9).status == "EXPIRED"
    cancelled = LIMIT.after_end("CANCELED", 9)
    assert (cancelled.is_open, cancelled.average, cancelled.updated) == (False, 0, 9)


def test_a_sale_changes_the_position_downwards() -> None:
    sale = Order(8, "c", "A", "SELL", "MARKET", Decimal(1), Decimal(0), 5, 5)

    assert (sale.signed(Decimal(1)), LIMIT.signed(Decimal(1))) == (-1, 1)


@pytest.mark.parametrize(
    ("order", "days"),
    [
        (LIMIT, 90),
        (LIMIT.after_end("CANCELED", 6), 3),
        (LIMIT.after_end("EXPIRED", 6), 3),
        (LIMIT.after_fill(Decimal("0.1"), Decimal(1), 6).after_end("CANCELED", 7), 90),
    ],
)
def test_it_is_found_for_ninety_days_and_unfilled_for_three(order: Order, days: int) -> None:
    assert order.is_found(5 + days * DAY)
    assert not order.is_found(6 + days * DAY)


def test_its_row_has_the_fields_of_rest() -> None:
    assert LIMIT.after_fill(Decimal("0.2"), Decimal(99), 8).row == {
        "orderId": 7,
        "symbol": "A",
        "status": "PARTIALLY_FILLED",
        "clientOrderId": "mine",
        "price": "100",
        "avgPrice": "99",
        "origQty": "0.5",
        "executedQty": "0.2",
        "cumQuote": "19.8",
        "timeInForce": "GTC",
        "type": "LIMIT",
        "reduceOnly": False,
        "closePosition": False,
        "side": "BUY",
        "positionSide": "BOTH",
        "stopPrice": "0",
        "workingType": "CONTRACT_PRICE",
        "priceProtect": False,
        "origType": "LIMIT",
        "priceMatch": "NONE",
        "selfTradePreventionMode": "EXPIRE_MAKER",
        "goodTillDate": 0,
        "time": 5,
        "updateTime": 8,
    }
