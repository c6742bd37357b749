"""Rows that Binance listed, each once, with the request that listed it last. Pure."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from binance_mcp.futures.account_reads import Row
from binance_mcp.futures.repair.known_orders import Order


@dataclass(eq=False)
class Listing:
    """Orders, or conditional orders; `key` returns the symbol and the number of one."""

    key: Callable[[Row], Order]
    rows: dict[Order, Row] = field(default_factory=dict[Order, Row], init=False)
    sources: dict[Order, str] = field(default_factory=dict[Order, str], init=False)

    def add(self, rows: Iterable[Row], source: str) -> None:
        """Take over what a request listed."""
        for row in rows:
            self.rows[self.key(row)] = row
            self.sources[self.key(row)] = source
