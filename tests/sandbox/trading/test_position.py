from collections.abc import Sequence
from decimal import Decimal

import pytest

from binance_mcp.sandbox.trading.position import Position


def after(*trades: tuple[str, str], commission: str = "0") -> Position:
    position = Position("A")
    for change, price in trades:
        fee = Decimal(commission)
        position = position.after_trade(Decimal(change), Decimal(price), fee, 1)
    return position


@pytest.mark.parametrize(
    ("trades", "amount", "entry", "realized"),
    [
        ([], "0", "0", "0"),
        ([("2", "100")], "2", "100", "0"),
        ([("2", "100"), ("2", "110")], "4", "105", "0"),
        ([("2", "100"), ("-1", "110")], "1", "100", "10"),
        ([("2", "100"), ("-2", "90")], "0", "0", "-20"),
        ([("2", "100"), ("-3", "110")], "-1", "110", "20"),
        ([("-2", "100")], "-2", "100", "0"),
        ([("-2", "100"), ("1", "90")], "-1", "100", "10"),
        ([("-2", "100"), ("3", "90")], "1", "90", "20"),
        ([("1", "10"), ("-1", "11"), ("-1", "20"), ("1", "18")], "0", "0", "3"),
    ],
)
def test_trades_open_average_close_and_turn_a_position(
    trades: Sequence[tuple[str, str]], amount: str, entry: str, realized: str
) -> None:
    position = after(*trades)

    found = (position.amount, position.entry_price, position.realized)
    assert found == (Decimal(amount), Decimal(entry), Decimal(realized))


def test_its_unrealised_profit_is_that_of_closing_it_at_the_mark() -> None:
    assert after(("2", "100")).unrealized(Decimal(103)) == 6
    assert after(("-2", "100")).unrealized(Decimal(103)) == -6


def test_it_breaks_even_when_commissions_are_earned_back() -> None:
    assert after(("2", "100"), commission="1").breakeven_price == Decimal("100.5")
    assert after(("-2", "100"), commission="1").breakeven_price == Decimal("99.5")
    assert after(("2", "100"), ("-1", "103"), commission="1").breakeven_price == 99
    assert after(("2", "100"), ("-2", "103"), commission="1").breakeven_price == 0


def test_a_position_that_is_opened_again_owes_nothing_of_the_last_one() -> None:
    reopened = after(("2", "100"), ("-2", "90"), ("1", "50"), commission="1")

    assert reopened.breakeven_price == 51
