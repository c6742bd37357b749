"""Running the server over standard input and output, until the host closes them or a signal comes.

Two habits of the SDK's own runner are not wanted here: it lets the mere probe `server/discover`
decide the protocol revision, and it leaves the lifespan open on SIGTERM.
"""

import logging
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import anyio
from anyio.abc import ObjectReceiveStream
from mcp.server.stdio import stdio_server
from mcp.shared.message import SessionMessage
from mcp.types import DiscoverResult, JSONRPCRequest, JSONRPCResponse
from mcp.types.version import LATEST_MODERN_VERSION, MODERN_PROTOCOL_VERSIONS

from binance_mcp.server.app import ListenKeyServer
from binance_mcp.signals import stop_signal


async def run_stdio(server: ListenKeyServer) -> None:
    """Serve one host until it closes standard input; a signal ends the process.

    On a signal the lifespan is closed, but the thread that reads standard input is not waited
    for: nothing can interrupt it.
    """
    code: int | None = None
    serving = anyio.CancelScope()
    lowlevel = server.lowlevel

    async def stop() -> None:
        nonlocal code
        code = await stop_signal()
        serving.cancel()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(stop)
        async with stdio_server() as (read, write):
            messages = _AfterProbes(server, read.receive, read.aclose, write.send)
            with serving:
                await lowlevel.run(messages, write, lowlevel.create_initialization_options())
            if code is not None:
                logging.shutdown()
                os._exit(code)
        tasks.cancel_scope.cancel()


@dataclass(eq=False)
class _AfterProbes(ObjectReceiveStream[SessionMessage | Exception]):
    """The host's messages, without any `server/discover` before its first other request.

    Some hosts probe and then, on the same pipe, `initialize`; the SDK refuses that if it sees the
    probe, because a connection's first request decides its protocol revision.
    """

    server: ListenKeyServer
    next_message: Callable[[], Awaitable[SessionMessage | Exception]]
    close: Callable[[], Awaitable[None]]
    answer: Callable[[SessionMessage], Awaitable[None]]
    is_decided: bool = False

    async def receive(self) -> SessionMessage | Exception:
        while True:
            message = await self.next_message()
            match message:
                case SessionMessage(
                    message=JSONRPCRequest(
                        method="server/discover",
                        params={"_meta": {"io.modelcontextprotocol/protocolVersion": str(version)}},
                    ) as probe
                ) if not self.is_decided and version in MODERN_PROTOCOL_VERSIONS:
                    await self.answer(SessionMessage(_discovery(self.server, probe)))
                    continue
                case SessionMessage(message=JSONRPCRequest()):
                    self.is_decided = True
                case _:
                    pass
            return message

    async def aclose(self) -> None:
        await self.close()


def _discovery(server: ListenKeyServer, request: JSONRPCRequest) -> JSONRPCResponse:
    lowlevel = server.lowlevel
    result = DiscoverResult(
        supported_versions=list(MODERN_PROTOCOL_VERSIONS),
        capabilities=lowlevel.get_capabilities(protocol_version=LATEST_MODERN_VERSION),
        instructions=lowlevel.instructions,
    ).model_dump(by_alias=True, mode="json", exclude_none=True)
    meta = {"_meta": {"io.modelcontextprotocol/serverInfo": lowlevel.server_info_stamp}}
    return JSONRPCResponse(jsonrpc="2.0", id=request.id, result=result | meta)
