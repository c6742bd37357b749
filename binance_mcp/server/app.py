"""The MCP server: assembles the wings. The one place where calls are admitted and errors told."""

import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

from mcp.server import MCPServer
from mcp.server.lowlevel import Server
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import CallToolResult, InputRequiredResult
from mcp.types import Tool as ListedTool
from pydantic import ValidationError
from starlette.types import ASGIApp

from binance_mcp.clock import WallClock, wall_clock
from binance_mcp.errors import BinanceMcpError
from binance_mcp.futures.credentials import load_credentials
from binance_mcp.futures.exchange import Exchange, open_exchange
from binance_mcp.policy.document import Call, load_default, load_file
from binance_mcp.policy.gate import Gate
from binance_mcp.server.callers import caller_of
from binance_mcp.server.failures import failed_result, failure
from binance_mcp.server.tools import listen_key_tools
from binance_mcp.settings import Settings

logger = logging.getLogger(__name__)

INSTRUCTIONS = (
    "The listen key of a Binance USD-M Futures account: the credential of its user data stream. "
    "Create it, keep it alive every 30-50 minutes (it lives 60), and close it only when no "
    "program of the account needs it any more. Calls are limited; a denial says how long to wait."
)


class ListenKeyServer(MCPServer[Exchange]):
    """An MCP server whose every tool call passes the policy's gate."""

    def __init__(
        self, settings: Settings, *, exchange: ASGIApp | None, wall_clock: WallClock
    ) -> None:
        credentials = load_credentials(settings)
        policy = load_file(settings.policy) if settings.policy else load_default()
        self._environment = settings.environment
        self._gate = Gate(policy)

        @asynccontextmanager
        async def lifespan(_: MCPServer[Exchange]) -> AsyncGenerator[Exchange]:
            async with open_exchange(
                settings, credentials, app=exchange, wall_clock=wall_clock
            ) as opened:
                yield opened

        tools = listen_key_tools()
        self._arguments = {tool.name: tool.parameters["properties"].keys() for tool in tools}
        super().__init__(
            "binance-mcp",
            title="Binance USD-M Futures listen key",
            version=version("binance-listen-key-mcp"),
            instructions=INSTRUCTIONS,
            tools=tools,
            lifespan=lifespan,
            log_level="WARNING",
        )

    @property
    def lowlevel(self) -> Server[Exchange]:
        """The SDK's server underneath, for a runner of our own."""
        return self._lowlevel_server

    async def list_tools(self) -> list[ListedTool]:
        """List the tools that the policy does not hide."""
        return [tool for tool in await super().list_tools() if not self._gate.is_hidden(tool.name)]

    async def call_tool(
        self,
        name: str,
        arguments: dict[str, Any],
        context: Context[Exchange, Any] | None = None,
    ) -> CallToolResult | InputRequiredResult:
        """Call a tool, if the policy admits it. What goes wrong is told by the result.

        Raises:
            ToolError: The tool crashed.

        """
        if name not in self._arguments or self._gate.is_hidden(name):
            return failed_result(f"Unknown tool: {name}")
        try:
            caller = caller_of(context or Context(mcp_server=self))
            self._gate.admit(caller, Call(name, arguments))
            if unknown := sorted(arguments.keys() - self._arguments[name]):
                return failed_result(self._unknown_arguments(name, unknown))
            return await super().call_tool(name, arguments, context)
        except BinanceMcpError as error:
            return self._failed(name, error)
        except ToolError as error:
            if isinstance(error.__cause__, BinanceMcpError):
                return self._failed(name, error.__cause__)
            if isinstance(error.__cause__, ValidationError):
                return failed_result(_invalid_arguments(error.__cause__))
            raise

    def _failed(self, name: str, error: BinanceMcpError) -> CallToolResult:
        logger.info("%s: %s", name, error)
        return failure(error, self._environment)

    def _unknown_arguments(self, name: str, unknown: list[str]) -> str:
        known = ", ".join(sorted(self._arguments[name]))
        return f"Unknown arguments: {', '.join(unknown)}. {name} takes: {known}."


def _invalid_arguments(error: ValidationError) -> str:
    faults = (f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
    return f"Invalid arguments: {'; '.join(faults)}."


def create_server(
    settings: Settings, *, exchange: ASGIApp | None = None, wall_clock: WallClock = wall_clock
) -> ListenKeyServer:
    """Return the server that `settings` describe; nothing is opened before it runs.

    `exchange`, an ASGI app, answers in Binance's place.

    Raises:
        SettingsError: A private key cannot be used.
        PolicyError: The policy file cannot be used.

    """
    return ListenKeyServer(settings, exchange=exchange, wall_clock=wall_clock)
