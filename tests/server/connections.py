"""What the server's tests have in common: the clients they are given, and reading an answer."""

from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, Literal, Protocol

import httpx2 as httpx
from mcp import Client
from mcp.types import CallToolResult, TextContent

from binance_mcp.sandbox.app import AccountKeys, Sandbox
from binance_mcp.server.app import ListenKeyServer

CREATE = "BinanceFuturesCreateListenKey"
KEEPALIVE = "BinanceFuturesKeepAliveListenKey"
CLOSE = "BinanceFuturesCloseListenKey"
STATUS = "BinanceFuturesGetListenKeyStatus"
READ = "BinanceFuturesReadUserEvents"
SNAPSHOT = "BinanceFuturesGetAccountSnapshot"

Era = Literal["auto", "legacy"]


class Serve(Protocol):
    """Create a server with these settings, on the test's sandbox."""

    def __call__(self, **settings: object) -> ListenKeyServer: ...


class Hide(Protocol):
    """Write a policy that hides these tools, and return its file."""

    def __call__(self, *tools: str) -> Path: ...


class Connect(Protocol):
    """Connect a client, in one of the eras, to a server of its own with these settings."""

    def __call__(self, **settings: object) -> AbstractAsyncContextManager[Client]: ...


def text(result: CallToolResult) -> str:
    """Return the one text of a result."""
    (block,) = result.content
    assert isinstance(block, TextContent)
    return block.text


def succeeded(result: CallToolResult) -> dict[str, Any]:
    """Return the structured content of a call that succeeded."""
    assert not result.is_error, text(result)
    assert result.structured_content is not None
    return result.structured_content


def denial(result: CallToolResult) -> dict[str, Any]:
    """Return the machine-readable part of a denial; it is empty if the call was admitted."""
    return (result.meta or {}).get("binance-mcp/denial", {})


def failure(result: CallToolResult) -> dict[str, Any]:
    """Return the machine-readable part of a failure."""
    assert result.is_error
    assert result.structured_content is None
    assert result.meta is not None
    return result.meta["binance-mcp/error"]


async def another_program_closes_the_key(sandbox: Sandbox, account: AccountKeys) -> None:
    """Close the account's listen key behind the server's back."""
    transport = httpx.ASGITransport(sandbox)
    async with httpx.AsyncClient(transport=transport, base_url="http://sandbox.invalid") as http:
        headers = {"X-MBX-APIKEY": account.api_key}
        assert (await http.delete("/fapi/v1/listenKey", headers=headers)).status_code == 200


async def listed(client: Client) -> list[str]:
    """Return the names of the tools that a client is shown."""
    return [tool.name for tool in (await client.list_tools()).tools]
