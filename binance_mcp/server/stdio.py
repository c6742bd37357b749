"""Running the server over standard input and output, until the host closes them or a signal comes.

Two habits of the SDK's own runner are not wanted here: it lets the mere probe `server/discover`
decide the protocol revision, and it leaves the lifespan open on SIGTERM.
"""

import logging
import os
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable
from contextlib import suppress

import anyio
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
    send, receive = anyio.create_memory_object_stream[SessionMessage | Exception](0)

    async def stop() -> None:
        nonlocal code
        code = await stop_signal()
        serving.cancel()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(stop)
        async with stdio_server() as (read, write):

            async def relay() -> None:
                async with send:
                    with suppress(anyio.ClosedResourceError, anyio.BrokenResourceError):
                        async for item in _after_probes(server, read, write.send):
                            await send.send(item)

            tasks.start_soon(relay)
            with serving:
                await lowlevel.run(receive, write, lowlevel.create_initialization_options())
            if code is not None:
                logging.shutdown()
                os._exit(code)
        tasks.cancel_scope.cancel()


async def _after_probes(
    server: ListenKeyServer,
    messages: AsyncIterable[SessionMessage | Exception],
    answer: Callable[[SessionMessage], Awaitable[None]],
) -> AsyncGenerator[SessionMessage | Exception]:
    """Yield the messages, but answer every `server/discover` before the first other request.

    Some hosts probe and then, on the same pipe, `initialize`; the SDK refuses that if it sees the
    probe, because a connection's first request decides its protocol revision.
    """
    decided = False
    async for message in messages:
        match message:
            case SessionMessage(
                message=JSONRPCRequest(
                    method="server/discover",
                    params={"_meta": {"io.modelcontextprotocol/protocolVersion": str(version)}},
                ) as probe
            ) if not decided and version in MODERN_PROTOCOL_VERSIONS:
                await answer(SessionMessage(_discovery(server, probe)))
                continue
            case SessionMessage(message=JSONRPCRequest()):
                decided = True
            case _:
                pass
        yield message


def _discovery(server: ListenKeyServer, request: JSONRPCRequest) -> JSONRPCResponse:
    lowlevel = server.lowlevel
    result = DiscoverResult(
        supported_versions=list(MODERN_PROTOCOL_VERSIONS),
        capabilities=lowlevel.get_capabilities(protocol_version=LATEST_MODERN_VERSION),
        instructions=lowlevel.instructions,
    ).model_dump(by_alias=True, mode="json", exclude_none=True)
    meta = {"_meta": {"io.modelcontextprotocol/serverInfo": lowlevel.server_info_stamp}}
    return JSONRPCResponse(jsonrpc="2.0", id=request.id, result=result | meta)
