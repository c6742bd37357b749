"""The sandbox on a port of this machine, with connections that it can break."""

import socket
import struct
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.wsproto_impl import WSProtocol

from binance_mcp.asgi_server import serving
from binance_mcp.sandbox.app import AccountKeys, Sandbox
from binance_mcp.sandbox.unanswered import ABORT
from binance_mcp.sandbox.websocket import PING

_HOST: Final = "127.0.0.1"
_DO_NOT_LINGER: Final = struct.pack("ii", 1, 0)
"""Makes closing a connection reset it: its peer gets ECONNRESET, not the end of a stream."""


@dataclass(frozen=True)
class ServedSandbox:
    """Where a sandbox is served, and the keys of the account that it has from the start."""

    rest_url: str
    stream_url: str
    account: AccountKeys


@asynccontextmanager
async def serving_sandbox(sandbox: Sandbox, *, port: int = 0) -> AsyncGenerator[ServedSandbox]:
    """Serve `sandbox` while the block runs, with a new account; port 0 picks a free one.

    Raises:
        ServingError: The port cannot be listened on.

    """
    keys = sandbox.new_account()
    async with serving(sandbox, host=_HOST, port=port, http=AbortableH11Protocol) as actual_port:
        address = f"{_HOST}:{actual_port}"
        yield ServedSandbox(f"http://{address}", f"ws://{address}", keys)


class AbortableH11Protocol(H11Protocol):
    """HTTP/1.1 that lets the application break the connection without an answer."""

    def __init__(self, **arguments: Any) -> None:  # noqa: ANN401  # uvicorn's own, by keyword
        super().__init__(**arguments)
        self._application = self.app
        self.app = self._run
        self.ws_protocol_class = AbortableWSProtocol

    async def _run(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("extensions", {})[ABORT] = lambda: _reset(self)
        await self._application(scope, receive, send)


class AbortableWSProtocol(WSProtocol):
    """WebSockets that the application can break, and that it pings when it wants to.

    A ping without a pong still ends the connection after the server's own timeout.
    """

    def __init__(self, **arguments: Any) -> None:  # noqa: ANN401  # uvicorn's own, by keyword
        super().__init__(**arguments)
        self._application = self.app
        self.app = self._run

    def schedule_ping(self) -> None:
        """Leave the next ping to the application."""

    async def _run(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401  # uvicorn's
        extensions = scope.setdefault("extensions", {})
        extensions[ABORT] = lambda: _reset(self)
        extensions[PING] = self._ping
        await self._application(scope, receive, send)

    def _ping(self) -> None:
        if self.pong_timer is None:  # else the last one has not been answered
            self.send_keepalive_ping()


def _reset(protocol: H11Protocol | WSProtocol) -> None:
    connection = protocol.transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _DO_NOT_LINGER)
    protocol.transport.abort()
