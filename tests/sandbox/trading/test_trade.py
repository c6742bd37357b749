from decimal import Decimal

import pytest

from binance_mcp.sandbox.trading.trade import Fill, Trade


@pytest.mark.parametrize(
    ("is_maker", "commission", "fee"),
    [(True, None, "0.02"), (False, None, "0.05"), (True, "0", "0"), (False, "-0.01", "-0.01")],
)
def test_a_maker_pays_less_and_any_commission_can_be_said(
    is_maker: bool,  # noqa: FBT001  # a parameter of the test
    commission: str | None,
    fee: str,
) -> None:
    said = None if commission is None else Decimal(commission)

    assert Fill(Decimal(2), Decimal(50), is_maker, said).fee == Decimal(fee)


def test_its_row_has_the_fields_of_rest() -> None:
    two, ten = Decimal(2), Decimal(10)
    trade = Trade(3, 7, "A", "SELL", two, ten, Decimal("0.01"), is_maker=True, realized=two, time=9)

    assert trade.row == {
        "symbol": "A",
        "id": 3,
        "orderId": 7,
        "side": "SELL",
        "price": "10",
        "qty": "2",
        "realizedPnl": "2",
        "quoteQty": "20",
        "commission": "0.01",
        "commissionAsset": "USDT",
        "time": 9,
        "positionSide": "BOTH",
        "buyer": False,
        "maker": True,
    }
