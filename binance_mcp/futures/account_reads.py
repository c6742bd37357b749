"""Reading the account by signed GETs. Nothing here can place or change an order.

Times are Binance's, in seconds since the Unix epoch. What is returned are Binance's objects.
https://developers.binance.com/docs/derivatives/usds-margined-futures/trade/rest-api
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import anyio

from binance_mcp.futures.binance_error import ReadBudgetError, UnreadableAnswerError
from binance_mcp.futures.read_budget import ReadBudget
from binance_mcp.futures.rest_api import RestApi

Row = dict[str, Any]

_DAY: Final = 86_400.0
_LONGEST_WINDOW: Final = round(6.9 * _DAY * 1000)
"""In milliseconds. Orders, trades and income are asked for by windows of less than 7 days."""
KEPT_SECONDS: Final = 90 * _DAY
"""How far back Binance lists orders and trades."""
_MOST_ROWS: Final = 1000
_LISTED: Final = 5
_ALL_SYMBOLS: Final = 40
_ONE: Final = 1
_INCOME: Final = 30


@dataclass(eq=False, repr=False)
class AccountReads:
    """Reads the account of a `RestApi`, within a budget of request weight."""

    rest_api: RestApi
    budget: ReadBudget
    patience: float = math.inf
    """Seconds to wait, at most, until the budget allows a read."""
    spent: int = field(default=0, init=False)
    """The request weight of all reads so far."""

    async def open_orders(self, symbol: str | None = None) -> list[Row]:
        """Return the orders that are open.

        Raises:
            BinanceError: This and every other read; the class says what went wrong.

        """
        return await self._rows("/fapi/v1/openOrders", _of(symbol), _per_symbol(symbol))

    async def open_stops(self, symbol: str | None = None) -> list[Row]:
        """Return the conditional orders that have not been triggered."""
        return await self._rows("/fapi/v1/openAlgoOrders", _of(symbol), _per_symbol(symbol))

    async def stop(self, number: str) -> Row:
        """Return a conditional order."""
        await self._turn(_ONE)
        return await self.rest_api.read("/fapi/v1/algoOrder", {"algoId": number})

    async def stops(self, since: float, until: float, symbol: str) -> list[Row]:
        """Return the conditional orders of a symbol that were placed in a time."""
        return await self._windows("/fapi/v1/allAlgoOrders", _of(symbol), (since, until), _LISTED)

    async def orders(self, since: float, until: float, symbol: str | None = None) -> list[Row]:
        """Return the orders that were placed in a time, as far as Binance still lists them."""
        return await self._windows("/fapi/v1/allOrders", _of(symbol), (since, until), _LISTED)

    async def order(self, symbol: str, number: str) -> Row:
        """Return an order."""
        await self._turn(_ONE)
        parameters = {"symbol": symbol, "orderId": number}
        return await self.rest_api.read("/fapi/v1/order", parameters)

    async def trades(self, since: float, until: float, symbol: str) -> list[Row]:
        """Return the account's fills of a symbol."""
        return await self._windows("/fapi/v1/userTrades", _of(symbol), (since, until), _LISTED)

    async def income(self, since: float, until: float) -> list[Row]:
        """Return commissions, realized profits and funding fees."""
        return await self._windows("/fapi/v1/income", {}, (since, until), _INCOME)

    async def account(self) -> Row:
        """Return balances and margins."""
        await self._turn(_LISTED)
        return await self.rest_api.read("/fapi/v3/account", {})

    async def positions(self, symbol: str | None = None) -> list[Row]:
        """Return the positions, with mark and liquidation prices."""
        return await self._rows("/fapi/v3/positionRisk", _of(symbol), _LISTED)

    async def balances(self) -> list[Row]:
        """Return the balance of each asset."""
        return await self._rows("/fapi/v3/balance", {}, _LISTED)

    async def _windows(
        self, path: str, parameters: Mapping[str, str], span: tuple[float, float], cost: int
    ) -> list[Row]:
        since, until = math.floor(span[0] * 1000), math.ceil(span[1] * 1000)
        found: list[Row] = []
        while since <= until:
            last = min(until, since + _LONGEST_WINDOW)
            found += await self._window(path, parameters, (since, last), cost)
            since = last + 1
        return found

    async def _window(
        self, path: str, parameters: Mapping[str, str], span: tuple[int, int], cost: int
    ) -> list[Row]:
        """Return the rows of a window. A page that is full may not be all, so it is halved."""
        since, until = span
        window = {**parameters, "startTime": since, "endTime": until, "limit": _MOST_ROWS}
        rows = await self._rows(path, window, cost)
        if len(rows) < _MOST_ROWS:
            return rows
        if since >= until:
            raise UnreadableAnswerError(f"{path} has more rows of one millisecond than it returns")
        middle = (since + until) // 2
        return [
            *await self._window(path, parameters, (since, middle), cost),
            *await self._window(path, parameters, (middle + 1, until), cost),
        ]

    async def _rows(self, path: str, parameters: Mapping[str, str | int], cost: int) -> list[Row]:
        await self._turn(cost)
        return await self.rest_api.read_rows(path, parameters)

    async def _turn(self, cost: int) -> None:
        """Wait until a read of some weight may be sent, and count it."""
        api = self.rest_api
        while True:
            now, server_time = api.clock.now(), api.server_time()
            used = api.weight.used_at(server_time)
            wait = self.budget.wait(cost, used=used, now=now, server_time=server_time)
            if not wait:
                break
            if wait > self.patience:
                raise ReadBudgetError(
                    "the request weight that this server lets itself use for reading is used up",
                    retry_after=wait,
                )
            await anyio.sleep(wait)
        self.budget.spend(cost, now)
        self.spent += cost


def _of(symbol: str | None) -> dict[str, str]:
    return {"symbol": symbol} if symbol else {}


def _per_symbol(symbol: str | None) -> int:
    return _ONE if symbol else _ALL_SYMBOLS
