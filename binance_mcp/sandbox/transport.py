"""HTTP over TCP whose connections the sandbox can break; for uvicorn, where that serves it."""

import socket
import struct
from typing import Any, Final

from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from binance_mcp.futures.sandbox.interruption import ABORT

_DO_NOT_LINGER: Final = struct.pack("ii", 1, 0)
"""Makes closing a connection reset it: its peer gets ECONNRESET, not the end of a stream."""


class AbortableH11Protocol(H11Protocol):
    """HTTP/1.1 that lets the application break the connection without an answer."""

    def __init__(self, **arguments: Any) -> None:  # noqa: ANN401  # uvicorn's own, by keyword
        super().__init__(**arguments)
        self._application = self.app
        self.app = self._run

    async def _run(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("extensions", {})[ABORT] = self._reset
        await self._application(scope, receive, send)

    def _reset(self) -> None:
        connection = self.transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _DO_NOT_LINGER)
        self.transport.abort()
