"""A flow of money into or out of the wallet.

https://developers.binance.com/docs/derivatives/usds-margined-futures/account/rest-api/Get-Income-History
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from binance_mcp.sandbox.trading.amounts import plain
from binance_mcp.sandbox.trading.order import Row

IncomeType = Literal["COMMISSION", "REALIZED_PNL", "FUNDING_FEE"]


@dataclass(frozen=True)
class Income:
    """A flow of money; what the account pays is negative."""

    id: int
    type: IncomeType
    symbol: str
    amount: Decimal
    time: int
    trade_id: int | None = None

    @property
    def row(self) -> Row:
        """The income as REST shows it."""
        return {
            "symbol": self.symbol,
            "incomeType": self.type,
            "income": plain(self.amount),
            "asset": "USDT",
            "info": self.type,
            "time": self.time,
            "tranId": self.id,
            "tradeId": "" if self.trade_id is None else str(self.trade_id),
        }
