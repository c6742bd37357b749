"""Serving an ASGI app on real sockets, for as long as a block lasts. The only home of uvicorn."""

import contextlib
import os
import socket
from collections.abc import AsyncGenerator, Generator
from typing import Any, Final

import anyio
import uvicorn

from binance_mcp.errors import ServingError

_BACKLOG: Final = 2048
_GRACE_SECONDS: Final = 3
_PING_INTERVAL_SECONDS: Final = 180.0
_PONG_TIMEOUT_SECONDS: Final = 600.0


class _Server(uvicorn.Server):
    """A server that leaves the signals to whoever started it, and tells when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.started_or_failed = anyio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super().startup(sockets)
        except SystemExit:  # how later versions of uvicorn say that the app did not start
            self.should_exit = True
        self.started_or_failed.set()


@contextlib.asynccontextmanager
async def serving(
    app: Any,  # noqa: ANN401  # the ASGI frameworks do not agree on one type
    *,
    host: str,
    port: int,
    http: type | str = "h11",
) -> AsyncGenerator[int]:
    """Serve `app` while the block runs, and yield the port; 0 picks a free one.

    WebSockets are pinged every 3 minutes and dropped without a pong for 10, as Binance does
    (https://developers.binance.com/docs/derivatives/usds-margined-futures/websocket-market-streams).
    On leaving, open requests get 3 seconds to end. The address of a peer is that of its
    connection: `X-Forwarded-For` is not believed.

    Raises:
        ServingError: The address is in use, is not this machine's, or the app did not start.

    """
    with _listen(host, port) as listener:
        config = uvicorn.Config(
            app,
            access_log=False,
            http=http,  # pyright: ignore[reportArgumentType]  # a protocol class, as documented
            log_config=None,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=_GRACE_SECONDS,
            ws="wsproto",
            ws_ping_interval=_PING_INTERVAL_SECONDS,
            ws_ping_timeout=_PONG_TIMEOUT_SECONDS,
        )
        server = _Server(config)

        async def serve() -> None:
            with anyio.CancelScope(shield=True):  # cancelled, it would skip its own shutdown
                await server.serve(sockets=[listener])

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(serve)
            try:
                await server.started_or_failed.wait()
                if server.started:
                    yield listener.getsockname()[1]
            finally:
                server.should_exit = True
    if not server.started:
        raise ServingError("the server did not start; the log says why")


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named, the protocol lets asyncio switch off Nagle's algorithm, which costs 40 ms an answer.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        # On Windows it would let two programs share the port.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(os.name == "posix"))
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise ServingError(f"cannot listen on {host} port {port}: {error.strerror}") from error
    return listener
