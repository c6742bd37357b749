"""The MCP server, assembled from account, policy and audit trail."""

import logging
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import (
    AbstractAsyncContextManager,
    asynccontextmanager,
    nullcontext,
)
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final, cast

from mcp.server import MCPServer
from mcp.server.lowlevel import Server
from mcp.server.lowlevel.helper_types import ReadResourceContents
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ResourceError, ResourceNotFoundError, ToolError
from mcp.types import CallToolResult, InputRequiredResult, Resource
from mcp.types import Tool as ListedTool
from pydantic import AnyUrl, ValidationError
from starlette.types import ASGIApp

from binance_mcp.audit.trail import AuditTrail
from binance_mcp.clock import WallClock, wall_clock
from binance_mcp.errors import BinanceMcpError, InvalidArgumentsError, PolicyDeniedError
from binance_mcp.futures.account import Account
from binance_mcp.futures.credentials import load_credentials
from binance_mcp.policy.call import Call
from binance_mcp.policy.shadow import Shadow
from binance_mcp.policy.source import PolicySource
from binance_mcp.server.changes import Changes
from binance_mcp.server.failures import failed_result, failure
from binance_mcp.server.icon import ICON, send_with_discovery_only
from binance_mcp.server.opening import (
    audit_trail,
    can_read_account,
    check_events_file,
    opening_account,
)
from binance_mcp.server.prompts.handlers import PromptHandlers
from binance_mcp.server.resources import (
    LISTEN_KEY,
    TOOL_OF,
    USER_EVENTS,
    listen_key_status,
    resource_contents,
    user_events,
)
from binance_mcp.server.subscribers import Subscribers
from binance_mcp.server.tool_calls import ToolCalls
from binance_mcp.server.tools.catalogue import all_tools
from binance_mcp.server.tools.stream_report import stream_report
from binance_mcp.server.tools.user_events import USER_EVENTS_TOOL
from binance_mcp.settings import Settings

if TYPE_CHECKING:
    from mcp.server.subscriptions import ListenHandler

logger = logging.getLogger(__name__)

_REPORTED_AS_UNKNOWN: Final = ("hidden", "unknown_tool")
_LONGEST_NAME: Final = 128
"""https://modelcontextprotocol.io/specification/2025-11-25/server/tools#tool-names"""
_MOST_NAMES: Final = 10
_CRASHED: Final = (
    "The call failed because of a bug in this server; its log has the details. Calling again is "
    "safe, and may help."
)
INSTRUCTIONS = (
    "The listen key of a Binance USD-M Futures account: the credential of its user data stream, "
    "and the events on it. Create it. If the result has automaticKeepalive true, this server keeps "
    "it alive; otherwise do so every 30-50 minutes, because it expires after 60. Then read order "
    "fills, balance changes and margin calls with BinanceFuturesReadUserEvents: it waits for the "
    "next event if told so, and names the times in which events may be missing. No events without "
    "coveredSince does not mean that nothing happened. Close the key only when no program of the "
    "account needs it any more. Calls are limited; a denial says how long to wait."
)
_READS_INSTRUCTIONS: Final = (
    " For positions, margin and open orders as they are now, call BinanceFuturesGetAccountSnapshot,"
    " and read on from its cursor."
)


class ListenKeyServer(MCPServer[Account]):
    """An MCP server whose every tool call passes the policy."""

    def __init__(
        self, settings: Settings, *, sandbox: ASGIApp | None, wall_clock: WallClock
    ) -> None:
        credentials = load_credentials(settings)
        audit = audit_trail(settings)
        check_events_file(settings)
        policy = PolicySource(settings.policy)
        self._environment = settings.environment
        self._reveal: Final = settings.reveal_listen_key
        self._account: Account | None = None
        shadow = Shadow(PolicySource(settings.policy_shadow)) if settings.policy_shadow else None
        self._calls = ToolCalls(policy, audit, wall_clock, shadow)
        self._subscribers = Subscribers(self._is_readable)

        opening = partial(opening_account, settings, credentials, sandbox, wall_clock)
        reads = can_read_account(settings, credentials, sandbox)
        tools = all_tools(
            self._calls,
            reveal=settings.reveal_listen_key,
            events=settings.user_events,
            reads=reads,
        )
        self._tools = {tool.name: tool for tool in tools}
        self._calls.serve_only(self._tools.keys())
        super().__init__(
            "binance-mcp",
            title="Binance USD-M Futures listen key",
            version=version("binance-listen-key-mcp"),
            instructions=INSTRUCTIONS + (_READS_INSTRUCTIONS if reads else ""),
            tools=tools,
            lifespan=lambda _: self._lifespan(audit, opening),
            log_level="WARNING",
            icons=[ICON],
            middleware=[self._subscribers.watch, send_with_discovery_only],
            subscriptions=self._subscribers.bus,
        )
        self._subscribers.attach(self.lowlevel)
        PromptHandlers(self._calls, self._tools.keys()).attach(self.lowlevel)

    @asynccontextmanager
    async def _lifespan(
        self, audit: AuditTrail | None, opening: Callable[..., AbstractAsyncContextManager[Account]]
    ) -> AsyncGenerator[Account]:
        changes = Changes(self._subscribers, self._calls, self._tools.keys())
        with audit or nullcontext():
            async with (
                opening(on_change=changes.listen_key_changed) as account,
                changes.watching(account.stream.journal),
            ):
                self._account = account
                yield account

    @property
    def health(self) -> dict[str, object]:
        """What a probe is told: that the server runs, and the state of the user data stream."""
        stream = stream_report(self._account.stream).as_json() if self._account else None
        return {"status": "ok", "stream": stream}

    def end_waiting(self) -> None:
        """End listens and open questions, because the server stops."""
        self._calls.withdraw_questions()
        listening = self.lowlevel.get_request_handler("subscriptions/listen")
        cast("ListenHandler", listening and listening.handler).close()

    @property
    def lowlevel(self) -> Server[Account]:
        """The SDK's low-level server, for the stdio runner and for `server.sdk`."""
        return self._lowlevel_server

    async def list_tools(self) -> list[ListedTool]:
        """List the tools that the policy does not hide."""
        tools = await super().list_tools()
        return [tool for tool in tools if not self._calls.is_hidden(tool.name)]

    async def call_tool(
        self,
        name: str,
        arguments: dict[str, Any],
        context: Context[Account, Any] | None = None,
    ) -> CallToolResult | InputRequiredResult:
        """Call a tool, if the policy admits it. Every failure is returned as a result."""
        name = name[:_LONGEST_NAME]
        context = context or Context(mcp_server=self)

        async def make() -> CallToolResult | InputRequiredResult:
            return await self._make(name, arguments, context)

        def check() -> None:
            self._check(name, arguments)

        try:
            return await self._calls.run(context, Call(name, arguments), make, check)
        except InvalidArgumentsError as error:
            return failed_result(str(error))
        except BinanceMcpError as error:
            logger.info("%s: %s", name, error)
            if isinstance(error, PolicyDeniedError) and error.code in _REPORTED_AS_UNKNOWN:
                return failed_result(f"Unknown tool: {name}")
            return failure(error, self._environment)
        except ToolError:
            logger.exception("%s failed unexpectedly", name)
            return failed_result(_CRASHED)

    async def _make(
        self, name: str, arguments: dict[str, Any], context: Context[Account, Any]
    ) -> CallToolResult | InputRequiredResult:
        try:
            return await super().call_tool(name, arguments, context)
        except ToolError as error:
            # The SDK wraps what a tool raises, and documents that this is the original error:
            # https://github.com/modelcontextprotocol/python-sdk/blob/main/src/mcp/server/mcpserver/exceptions.py
            if isinstance(error.__cause__, BinanceMcpError):
                raise error.__cause__ from None
            raise

    def _check(self, name: str, arguments: dict[str, Any]) -> None:
        if unknown := sorted(arguments.keys() - self._tools[name].parameters["properties"].keys()):
            known = ", ".join(sorted(self._tools[name].parameters["properties"]))
            told = ", ".join(each[:_LONGEST_NAME] for each in unknown[:_MOST_NAMES])
            raise InvalidArgumentsError(f"Unknown arguments: {told}. {name} takes: {known}.")
        try:
            self._tools[name].fn_metadata.validate_arguments(arguments)
        except ValidationError as error:
            raise InvalidArgumentsError(_invalid_arguments(error)) from None

    async def list_resources(self) -> list[Resource]:
        """List the resources whose tool exists and is not hidden by the policy."""
        return [each for each in (LISTEN_KEY, USER_EVENTS) if self._is_readable(str(each.uri))]

    def _is_readable(self, uri: str) -> bool:
        tool = TOOL_OF.get(uri)
        return tool in self._tools and not self._calls.is_hidden(str(tool))

    async def read_resource(
        self, uri: AnyUrl | str, context: Context[Account, Any] | None = None
    ) -> Iterable[ReadResourceContents] | InputRequiredResult:
        """Read a resource, if the policy admits the tool that returns the same.

        Raises:
            ResourceNotFoundError: There is no such resource, or it is hidden.
            ResourceError: The policy denies it.

        """
        tool = TOOL_OF.get(str(uri))
        if tool not in self._tools:
            raise ResourceNotFoundError(f"Unknown resource: {uri}")
        context = context or Context(mcp_server=self)

        async def make() -> CallToolResult:
            account = context.request_context.lifespan_context
            if tool == USER_EVENTS_TOOL:
                return await user_events(account)
            return listen_key_status(account, self._reveal)

        try:
            result = await self._calls.run(context, Call(str(tool), {}), make)
        except PolicyDeniedError as error:
            if error.code == "hidden":
                raise ResourceNotFoundError(f"Unknown resource: {uri}") from None
            raise ResourceError(f"[POLICY DENIED] {error}") from None
        return result if isinstance(result, InputRequiredResult) else [resource_contents(result)]


def _invalid_arguments(error: ValidationError) -> str:
    faults = (f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
    return f"Invalid arguments: {'; '.join(faults)}."


def create_server(
    settings: Settings, *, sandbox: ASGIApp | None = None, wall_clock: WallClock = wall_clock
) -> ListenKeyServer:
    """Return the server that `settings` describe; nothing is opened before it runs.

    `sandbox`, an ASGI app, answers in Binance's place.

    Raises:
        SettingsError: A private key or a path cannot be used.
        PolicyError: The policy file cannot be used.
        AuditError: The audit trail cannot be written.
        EventsFileError: The file of events cannot be used.

    """
    return ListenKeyServer(settings, sandbox=sandbox, wall_clock=wall_clock)
