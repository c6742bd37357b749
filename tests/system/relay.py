"""A relay that passes on what an exchange sends in the smallest pieces that WebSockets allow.

https://datatracker.ietf.org/doc/html/rfc6455#section-5
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Final

import anyio
from anyio.abc import ByteStream, SocketAttribute
from anyio.streams.buffered import BufferedByteReceiveStream

_TEXT, _MORE, _LAST = 0x01, 0x00, 0x80
_WHOLE_TEXT: Final = _TEXT | _LAST
_PING: Final = b"\x89\x00"
_PIECE: Final = 7
_LONGEST_HEAD: Final = 65_536
_ENDS: Final = (anyio.EndOfStream, anyio.BrokenResourceError, anyio.IncompleteRead)


@asynccontextmanager
async def splitting_relay(port: int) -> AsyncGenerator[int]:
    """Relay connections to a port; yield the port to connect to instead."""

    async def relay(near: ByteStream) -> None:
        async with (
            near,
            await anyio.connect_tcp("127.0.0.1", port) as far,
            anyio.create_task_group() as tasks,
        ):
            tasks.start_soon(_pass_on, near, far)
            with suppress(*_ENDS):
                await _split(BufferedByteReceiveStream(far), near)
            tasks.cancel_scope.cancel()

    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, relay)
        yield listener.extra(SocketAttribute.local_port)  # noqa: S610  # anyio's, not Django's
        tasks.cancel_scope.cancel()


async def _pass_on(near: ByteStream, far: ByteStream) -> None:
    with suppress(*_ENDS):
        while True:
            await far.send(await near.receive())


async def _split(exchange: BufferedByteReceiveStream, near: ByteStream) -> None:
    head = await exchange.receive_until(b"\r\n\r\n", _LONGEST_HEAD)
    await near.send(head + b"\r\n\r\n")
    while True:
        first, payload = await _frame(exchange)
        if first != _WHOLE_TEXT:
            await near.send(_framed(first, payload))
            continue
        pieces = [payload[at : at + _PIECE] for at in range(0, len(payload), _PIECE)]
        for number, piece in enumerate(pieces):
            last = _LAST if number == len(pieces) - 1 else 0
            for byte in _PING + _framed((_MORE if number else _TEXT) | last, piece):
                await near.send(bytes([byte]))


async def _frame(exchange: BufferedByteReceiveStream) -> tuple[int, bytes]:
    """Return the first byte of a frame, and its payload: a server's is not masked."""
    first, size = await exchange.receive_exactly(2)
    if size > 125:
        size = int.from_bytes(await exchange.receive_exactly(2 if size == 126 else 8))
    return first, await exchange.receive_exactly(size) if size else b""


def _framed(first: int, payload: bytes) -> bytes:
    size = len(payload)
    head = [first, size] if size < 126 else [first, 126, *size.to_bytes(2)]
    return bytes(head) + payload
