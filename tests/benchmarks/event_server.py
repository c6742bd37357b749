"""A server that answers every request with a listen key, and floods every WebSocket with events.

It prints its port. The frames are made before, so that sending them costs next to nothing.
"""

import json
import sys

import anyio
from anyio.abc import SocketAttribute, SocketStream
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection

from tests.futures.user_stream.documented_events import fill

_CHUNK = 64 * 1024
_KEY = b'{"listenKey":"' + b"k" * 64 + b'"}'
_ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(_KEY), _KEY)


def frames(count: int) -> bytes:
    """Return so many different fills as frames of a WebSocket."""
    found = bytearray()
    for number in range(count):
        text = json.dumps(fill(number), separators=(",", ":")).encode()
        found += b"\x81\x7e" + len(text).to_bytes(2) + text
    return bytes(found)


async def _serve(stream: SocketStream, events: bytes) -> None:
    async with stream:
        while True:
            request = await stream.receive()
            if not request.startswith(b"GET"):
                await stream.send(_ANSWER)
                continue
            handshake = WSConnection(ConnectionType.SERVER)
            handshake.receive_data(request)
            await stream.send(handshake.send(AcceptConnection()))
            for start in range(0, len(events), _CHUNK):
                await stream.send(events[start : start + _CHUNK])
            await stream.receive()


async def _main(count: int) -> None:
    events = frames(count)

    async def serve(stream: SocketStream) -> None:
        try:
            await _serve(stream, events)
        except (anyio.EndOfStream, anyio.BrokenResourceError):
            return

    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    async with listener:
        print(listener.extra(SocketAttribute.local_port), flush=True)  # noqa: S610, T201
        await listener.serve(serve)


if __name__ == "__main__":
    anyio.run(_main, int(sys.argv[1]))
