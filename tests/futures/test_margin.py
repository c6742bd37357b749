from decimal import Decimal

import pytest

from binance_mcp.futures.margin import amount, is_zero, liquidation_distance, margin_ratio


def position(held: object, mark: object, liquidation: object) -> dict[str, object]:
    return {"positionAmt": held, "markPrice": mark, "liquidationPrice": liquidation}


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("64089.20", Decimal("64089.20")),
        ("-0.010", Decimal("-0.010")),
        ("1E9", None),
        ("NaN", None),
        ("", None),
        (5, None),
        (None, None),
    ],
)
def test_an_amount_is_read_as_binance_writes_it(sent: object, read: Decimal | None) -> None:
    assert amount(sent) == read


def test_only_an_amount_that_can_be_read_is_zero() -> None:
    assert [is_zero(each) for each in ("0", "-0.000", "0.001", "", None, 0)] == [
        *(True, True, False, False, False, False)
    ]


@pytest.mark.parametrize(
    ("held", "mark", "liquidation", "distance"),
    [
        ("0.010", "65000", "58500", "10.00"),
        ("-2", "4000", "5000", "25.00"),
        ("1", "3", "2.00001", "33.33"),
        ("1", "100", "99.999", "0.00"),
        ("1", "100", "101", "-1.00"),
        ("1", "0." + "0" * 29 + "1", "9" * 30, "-" + "9" * 29 + "8" + "9" * 30 + "00.00"),
    ],
)
def test_the_distance_to_liquidation_is_that_of_the_mark_rounded_down(
    held: str, mark: str, liquidation: str, distance: str
) -> None:
    assert liquidation_distance(position(held, mark, liquidation)) == Decimal(distance)


@pytest.mark.parametrize(
    ("held", "mark", "liquidation"),
    [
        ("1", "100", "0"),
        ("1", "100", "0.00"),
        ("1", "100", "-5"),
        ("1", "100", None),
        ("1", "0", "90"),
        ("1", None, "90"),
        ("0", "100", "90"),
        (None, "100", "90"),
    ],
)
def test_without_a_liquidation_price_a_mark_or_a_position_there_is_no_distance(
    held: object, mark: object, liquidation: object
) -> None:
    assert liquidation_distance(position(held, mark, liquidation)) is None


@pytest.mark.parametrize(
    ("maintenance", "balance", "ratio"),
    [("2.6", "110", "2.37"), ("0", "110", "0.00"), ("120", "100", "120.00"), ("1", "3", "33.34")],
)
def test_the_margin_ratio_is_rounded_up(maintenance: str, balance: str, ratio: str) -> None:
    assert margin_ratio(maintenance, balance) == Decimal(ratio)


@pytest.mark.parametrize(
    ("maintenance", "balance"), [("1", "0"), ("1", "-3"), (None, "3"), ("1", None)]
)
def test_without_a_balance_there_is_no_margin_ratio(maintenance: object, balance: object) -> None:
    assert margin_ratio(maintenance, balance) is None
