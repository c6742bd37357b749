"""The MCP server: assembles the wings. The one place where calls are admitted and errors told."""

import logging
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import (
    AbstractAsyncContextManager,
    asynccontextmanager,
    nullcontext,
    suppress,
)
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final, cast

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.server import MCPServer
from mcp.server.lowlevel import Server
from mcp.server.lowlevel.helper_types import ReadResourceContents
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ResourceError, ResourceNotFoundError, ToolError
from mcp.types import CallToolResult, InputRequiredResult, Resource
from mcp.types import Tool as ListedTool
from pydantic import AnyUrl, ValidationError
from starlette.types import ASGIApp

from binance_mcp.clock import WallClock, wall_clock
from binance_mcp.errors import (
    BinanceMcpError,
    InvalidArgumentsError,
    PolicyDeniedError,
    Problem,
    SettingsError,
)
from binance_mcp.futures.credentials import load_credentials
from binance_mcp.futures.exchange import Exchange, open_exchange
from binance_mcp.policy.audit import AuditLog
from binance_mcp.policy.document import Call
from binance_mcp.policy.source import PolicySource
from binance_mcp.server.calls import Calls
from binance_mcp.server.failures import failed_result, failure
from binance_mcp.server.resources import (
    LISTEN_KEY,
    LISTEN_KEY_URI,
    listen_key_contents,
    listen_key_status,
)
from binance_mcp.server.subscribers import Subscribers
from binance_mcp.server.tools import STATUS_TOOL, listen_key_tools
from binance_mcp.settings import Settings

if TYPE_CHECKING:
    from mcp.server.subscriptions import ListenHandler

logger = logging.getLogger(__name__)

_POLICY_CHECK_SECONDS: Final = 1.0
_AS_UNKNOWN: Final = ("hidden", "unknown_tool")
_LONGEST_NAME: Final = 128
"""https://modelcontextprotocol.io/specification/2025-11-25/server/tools#tool-names"""
_MOST_NAMES: Final = 10
_CRASHED: Final = (
    "The call failed in a way that this server does not foresee, which is its own fault; its log "
    "says more. Calling again is safe, and may help."
)
_MOST_UNTOLD: Final = 1000
"""Changes that may wait to be told; further ones are told by the last of these."""

INSTRUCTIONS = (
    "The listen key of a Binance USD-M Futures account: the credential of its user data stream. "
    "Create it; if the result says automaticKeepalive, this server keeps it alive, else do so "
    "every 30-50 minutes, for it lives 60. Close it only when no program of the account needs it "
    "any more. Calls are limited; a denial says how long to wait."
)


class ListenKeyServer(MCPServer[Exchange]):
    """An MCP server whose every tool call passes the policy."""

    def __init__(
        self, settings: Settings, *, exchange: ASGIApp | None, wall_clock: WallClock
    ) -> None:
        credentials = load_credentials(settings)
        audit = _audit_log(settings)
        policy = PolicySource(settings.policy)
        self._environment = settings.environment
        self._calls = Calls(policy, audit, wall_clock)
        self._subscribers = Subscribers(self._is_readable)

        opening = partial(open_exchange, settings, credentials, app=exchange, wall_clock=wall_clock)
        tools = listen_key_tools(self._calls, reveal=settings.reveal_listen_key)
        self._tools = {tool.name: tool for tool in tools}
        self._calls.serve_only(self._tools.keys())
        super().__init__(
            "binance-mcp",
            title="Binance USD-M Futures listen key",
            version=version("binance-listen-key-mcp"),
            instructions=INSTRUCTIONS,
            tools=tools,
            lifespan=lambda _: self._lifespan(audit, opening),
            log_level="WARNING",
            middleware=[self._subscribers.watch],
            subscriptions=self._subscribers.bus,
        )
        self._subscribers.attach(self.lowlevel)
        _serve_no_prompts(self.lowlevel)

    @asynccontextmanager
    async def _lifespan(
        self, audit: AuditLog | None, opening: Callable[..., AbstractAsyncContextManager[Exchange]]
    ) -> AsyncGenerator[Exchange]:
        changed, changes = anyio.create_memory_object_stream[None](_MOST_UNTOLD)
        on_change = partial(self._tell_of_change, changed)
        with audit or nullcontext(), changed, changes:
            async with (
                opening(on_change=on_change) as opened,
                self._subscribers.telling(),
                anyio.create_task_group() as tasks,
            ):
                tasks.start_soon(self._watch_policy)
                tasks.start_soon(self._publish, changes)
                yield opened
                tasks.cancel_scope.cancel()

    def end_waiting(self) -> None:
        """End what waits for something to happen, as on a stop: listens, and open questions."""
        self._calls.withdraw_questions()
        listening = self.lowlevel.get_request_handler("subscriptions/listen")
        cast("ListenHandler", listening and listening.handler).close()

    @property
    def lowlevel(self) -> Server[Exchange]:
        """The SDK's server underneath, for a runner of our own."""
        return self._lowlevel_server

    async def list_tools(self) -> list[ListedTool]:
        """List the tools that the policy does not hide."""
        tools = await super().list_tools()
        return [tool for tool in tools if not self._calls.is_hidden(tool.name)]

    async def call_tool(
        self,
        name: str,
        arguments: dict[str, Any],
        context: Context[Exchange, Any] | None = None,
    ) -> CallToolResult | InputRequiredResult:
        """Call a tool, if the policy admits it. Whatever goes wrong is told by the result."""
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
            if isinstance(error, PolicyDeniedError) and error.code in _AS_UNKNOWN:
                return failed_result(f"Unknown tool: {name}")
            return failure(error, self._environment)
        except ToolError:
            logger.exception("%s failed in a way that is not foreseen", name)
            return failed_result(_CRASHED)

    async def _make(
        self, name: str, arguments: dict[str, Any], context: Context[Exchange, Any]
    ) -> CallToolResult | InputRequiredResult:
        try:
            return await super().call_tool(name, arguments, context)
        except ToolError as error:
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
        """List the listen key's status, unless the policy hides the tool that tells it."""
        return [LISTEN_KEY] if self._is_readable(LISTEN_KEY_URI) else []

    def _is_readable(self, uri: str) -> bool:
        return uri == LISTEN_KEY_URI and not self._calls.is_hidden(STATUS_TOOL)

    async def read_resource(
        self, uri: AnyUrl | str, context: Context[Exchange, Any] | None = None
    ) -> Iterable[ReadResourceContents] | InputRequiredResult:
        """Read the listen key's status, if the policy admits the tool that tells it.

        Raises:
            ResourceNotFoundError: There is no such resource, or it is hidden.
            ResourceError: The policy denies it.

        """
        if str(uri) != LISTEN_KEY_URI:
            raise ResourceNotFoundError(f"Unknown resource: {uri}")
        context = context or Context(mcp_server=self)

        async def make() -> CallToolResult:
            return listen_key_status(context.request_context.lifespan_context)

        try:
            result = await self._calls.run(context, Call(STATUS_TOOL, {}), make)
        except PolicyDeniedError as error:
            if error.code == "hidden":
                raise ResourceNotFoundError(f"Unknown resource: {uri}") from None
            raise ResourceError(f"[POLICY DENIED] {error}") from None
        return result if isinstance(result, InputRequiredResult) else [listen_key_contents(result)]

    def _tell_of_change(self, changed: MemoryObjectSendStream[None]) -> None:
        if self._subscribers.are_there(LISTEN_KEY_URI):
            with suppress(anyio.WouldBlock):
                changed.send_nowait(None)

    async def _publish(self, changes: MemoryObjectReceiveStream[None]) -> None:
        """Tell clients of every change of the listen key's life."""
        async for _ in changes:
            await self._subscribers.resource_updated(LISTEN_KEY_URI)

    async def _watch_policy(self) -> None:
        """Tell clients when a changed policy shows other tools."""
        shown = self._shown()
        while True:
            await anyio.sleep(_POLICY_CHECK_SECONDS)
            self._calls.refresh_policy()
            if (now_shown := self._shown()) != shown:
                is_other_resource = (STATUS_TOOL in shown) != (STATUS_TOOL in now_shown)
                shown = now_shown
                await self._subscribers.tools_changed()
                if is_other_resource:
                    await self._subscribers.resources_changed()

    def _shown(self) -> list[str]:
        return [name for name in self._tools if not self._calls.is_hidden(name)]


def _serve_no_prompts(server: Server[Exchange]) -> None:
    """Declare no prompts, for there are none: MCPServer always does, and has no switch for it."""
    for method in ("prompts/list", "prompts/get"):
        del server._request_handlers[method]  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


def _audit_log(settings: Settings) -> AuditLog | None:
    if settings.audit_log is None:
        return None
    key = settings.audit_key.get_secret_value().encode() if settings.audit_key else None
    try:
        path = settings.audit_log.expanduser()
    except RuntimeError:
        wanted = "is not the path of a file: there is no such home directory"
        raise SettingsError([Problem("BINANCE_MCP_AUDIT_LOG", wanted)]) from None
    with AuditLog(path, key=key) as log:  # which checks it
        return log


def _invalid_arguments(error: ValidationError) -> str:
    faults = (f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
    return f"Invalid arguments: {'; '.join(faults)}."


def create_server(
    settings: Settings, *, exchange: ASGIApp | None = None, wall_clock: WallClock = wall_clock
) -> ListenKeyServer:
    """Return the server that `settings` describe; nothing is opened before it runs.

    `exchange`, an ASGI app, answers in Binance's place.

    Raises:
        SettingsError: A private key cannot be used, or a path is none.
        PolicyError: The policy file cannot be used.
        AuditError: The audit trail cannot be written.

    """
    return ListenKeyServer(settings, exchange=exchange, wall_clock=wall_clock)
