"""The sandbox in process as its users over TCP have it: it pings, and takes time to answer.

ASGI has no pings: over TCP it is the server that sends them.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import anyio
import httpx2 as httpx
from httpx2.websockets import ASGIWebSocketTransport
from starlette.types import ASGIApp

from binance_mcp.futures.http_client import HttpClient

PING_SECONDS = 180.0
LATENCY_SECONDS = 0.05
_PING = b"\x89\x00"
_PONG = 0x8A


@dataclass(eq=False)
class Network:
    """What lies between the client and the exchange."""

    is_deaf: bool = False
    """Whether open connections bring nothing any more."""
    silent_paths: set[str] = field(default_factory=set[str])
    """URLs with these paths bring pings only."""
    wires: "list[Wire]" = field(default_factory=list["Wire"])
    refused_paths: set[str] = field(default_factory=set[str])
    """URLs with these paths are refused."""
    is_down: bool = False
    """Whether every WebSocket is refused."""
    urls: list[str] = field(default_factory=list[str])
    """Of the WebSockets that were opened."""

    def break_all(self) -> None:
        """Break all open connections."""
        for wire in self.wires:
            wire.break_off()
        self.wires.clear()


class Wire:
    """A connection on which the exchange pings every 3 minutes."""

    def __init__(self, stream: Any, network: Network, path: str) -> None:  # noqa: ANN401  # httpx2's
        self._stream = stream
        self._path = path
        self._network = network
        self._ping_at = anyio.current_time() + PING_SECONDS
        self._is_deaf = False
        self._is_broken = False
        self._reading = anyio.CancelScope()
        network.wires.append(self)

    def break_off(self) -> None:
        """Break the connection."""
        self._is_broken = True
        self._reading.cancel()

    async def read(self, max_bytes: int, *_: object) -> bytes:
        began_at = anyio.current_time()
        data = await self._next(max_bytes)
        self._is_deaf |= self._network.is_deaf
        while self._is_deaf and not self._is_broken:
            await self._next(max_bytes)
        if anyio.current_time() > began_at:  # otherwise it came while the last one was on its way
            await anyio.sleep(LATENCY_SECONDS)
        return b"" if self._is_broken else data

    async def _next(self, max_bytes: int) -> bytes:
        """Return what arrives next, or a ping when it is time for one."""
        with anyio.CancelScope(deadline=self._ping_at) as self._reading:
            while not self._is_broken:
                data: bytes = await self._stream.read(max_bytes)
                if self._path not in self._network.silent_paths:
                    return data
        if not self._is_broken:
            self._ping_at += PING_SECONDS
        return _PING

    async def write(self, buffer: bytes, *_: object) -> None:
        if buffer[0] != _PONG:
            await self._stream.write(buffer)

    async def aclose(self) -> None:
        await self._stream.aclose()


class PingingTransport(ASGIWebSocketTransport):
    def __init__(self, app: ASGIApp, network: Network) -> None:
        super().__init__(app, initial_receive_timeout=60)  # pyright: ignore[reportArgumentType]
        self._network = network

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await anyio.sleep(LATENCY_SECONDS)
        is_down = self._network.is_down and "upgrade" in request.headers
        if is_down or request.url.path in self._network.refused_paths:
            self._network.urls.append(str(request.url))
            raise httpx.ConnectError("refused")
        response = await super().handle_async_request(request)
        if "network_stream" in response.extensions:
            self._network.urls.append(str(request.url))
            wire = Wire(response.extensions["network_stream"], self._network, request.url.path)
            response.extensions["network_stream"] = wire
        return response


@asynccontextmanager
async def pinging_client(app: ASGIApp, network: Network) -> AsyncGenerator[HttpClient]:
    """Yield what the client's `http_client` yields, for a network of the test's own."""
    transport = PingingTransport(app, network)
    async with httpx.AsyncClient(
        base_url="http://sandbox.invalid", transport=transport, timeout=None
    ) as client:
        yield lambda: client
