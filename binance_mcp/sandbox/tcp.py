"""The sandbox on a port of this machine, for other programs and for trying things."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from binance_mcp.futures.sandbox.account import Account, new_account
from binance_mcp.futures.sandbox.app import Sandbox
from binance_mcp.futures.sandbox.transport import AbortableH11Protocol
from binance_mcp.serving import serving

_HOST = "127.0.0.1"


@dataclass(frozen=True)
class ServedSandbox:
    """Where a sandbox is served, and the account that exists from the start."""

    rest_url: str
    stream_url: str
    account: Account


@asynccontextmanager
async def serving_sandbox(sandbox: Sandbox, *, port: int = 0) -> AsyncGenerator[ServedSandbox]:
    """Serve `sandbox` while the block runs; port 0 takes any.

    Raises:
        ServingError: The port cannot be listened on.

    """
    account = new_account(sandbox)
    async with serving(sandbox, host=_HOST, port=port, http=AbortableH11Protocol) as actual_port:
        address = f"{_HOST}:{actual_port}"
        yield ServedSandbox(f"http://{address}", f"ws://{address}", account)
