from decimal import Decimal

import pytest

from binance_mcp.sandbox.trading.amounts import plain, rounded


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("0", "0"),
        ("-0", "0"),
        ("0.00", "0"),
        ("1E+3", "1000"),
        ("1.50", "1.5"),
        ("-0.00000001", "-0.00000001"),
        ("0.000000001", "0"),
        ("12345678901234567890.123456785", "12345678901234567890.12345678"),
    ],
)
def test_an_amount_is_written_without_exponent_or_idle_zeros(amount: str, text: str) -> None:
    assert plain(Decimal(amount)) == text


def test_money_is_booked_with_eight_places() -> None:
    assert str(rounded(Decimal(2) / 3)) == "0.66666667"
