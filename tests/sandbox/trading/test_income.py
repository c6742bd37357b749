from decimal import Decimal

from binance_mcp.sandbox.trading.income import Income


def test_its_row_has_the_fields_of_rest() -> None:
    assert Income(5, "COMMISSION", "A", Decimal("-0.10"), 9, 3).row == {
        "symbol": "A",
        "incomeType": "COMMISSION",
        "income": "-0.1",
        "asset": "USDT",
        "info": "COMMISSION",
        "time": 9,
        "tranId": 5,
        "tradeId": "3",
    }


def test_funding_has_no_trade() -> None:
    assert Income(5, "FUNDING_FEE", "A", Decimal(1), 9).row["tradeId"] == ""
