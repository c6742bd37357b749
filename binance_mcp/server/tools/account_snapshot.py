"""The tool that reads the account as it is now. It is there only if requests can be signed."""

import re
from typing import Annotated, Final

from mcp.server.mcpserver import Context
from mcp.server.mcpserver.tools import Tool
from mcp.types import CallToolResult
from pydantic import Field

from binance_mcp.errors import InvalidArgumentsError
from binance_mcp.futures.account import Account
from binance_mcp.futures.snapshot import take_snapshot
from binance_mcp.server.tools.results import succeeded
from binance_mcp.server.tools.snapshot_report import AccountSnapshot, snapshot_report
from binance_mcp.server.tools.snapshot_sentences import snapshot_lines
from binance_mcp.server.tools.tool import ASKS, make_tool

SNAPSHOT_TOOL: Final = "BinanceFuturesGetAccountSnapshot"

_SNAPSHOT: Final = (
    "Read the account from Binance as it is now: positions, profit, distance to liquidation, "
    "balances, margin, open orders, stops. BinanceFuturesReadUserEvents with its cursor continues "
    "it; the text says if that is not exact. Cheaper with a symbol."
)
_SYMBOL: Final = re.compile(r"[\w.-]{1,24}")
"""Some symbols are Chinese."""

Symbol = Annotated[str | None, Field(description="E.g. BTCUSDT, for positions and orders.")]
Detail = Annotated[bool, Field(strict=True, description="Add Binance's own objects.")]


async def get_account_snapshot(
    context: Context[Account],
    symbol: Symbol = None,
    detail: Detail = False,  # noqa: FBT002  # an argument of the tool has a name
) -> Annotated[CallToolResult, AccountSnapshot]:
    """Return the account, and the cursor from which events continue it."""
    account = context.request_context.lifespan_context
    wanted = checked_symbol(symbol) if symbol else None
    snapshot = await take_snapshot(account.reads, account.stream, wanted)
    await account.stream.journal.kept()
    return succeeded(
        snapshot_lines(account, snapshot, wanted),
        snapshot_report(account, snapshot, wanted, detail=detail),
    )


def account_snapshot_tool() -> Tool:
    """Return the tool."""
    return make_tool(get_account_snapshot, SNAPSHOT_TOOL, _SNAPSHOT, ASKS)


def checked_symbol(symbol: str) -> str:
    """Return a symbol in upper case.

    Raises:
        InvalidArgumentsError: It cannot be one.

    """
    if not _SYMBOL.fullmatch(symbol):
        raise InvalidArgumentsError("symbol must be one of Binance's, such as BTCUSDT.")
    return symbol.upper()
