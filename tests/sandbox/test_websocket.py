from collections.abc import Awaitable, Callable

import anyio
import pytest
from starlette.types import Message
from starlette.websockets import WebSocket

from binance_mcp.sandbox.websocket import Connection

pytestmark = pytest.mark.anyio


class Peer:
    """The other end of a WebSocket: what it says, what it has got, and how it treats what it gets.

    It keeps silent after its messages, unless they end with how it goes.
    """

    take: Callable[[], Awaitable[None]]

    def __init__(self, *messages: Message | Exception) -> None:
        self._messages = iter(({"type": "websocket.connect"}, *messages))
        self.got: list[Message] = []
        self.take = anyio.lowlevel.checkpoint

    def connection(self) -> Connection:
        return Connection(WebSocket({"type": "websocket"}, self._receive, self._send))

    async def _receive(self) -> Message:
        for message in self._messages:
            if isinstance(message, Exception):
                raise message
            return message
        await anyio.sleep_forever()
        raise AssertionError

    async def _send(self, message: Message) -> None:
        if message["type"] != "websocket.accept":
            await self.take()
        self.got.append(message)


GONE: Message = {"type": "websocket.disconnect", "code": 1005}


def text(message: str) -> Message:
    return {"type": "websocket.receive", "text": message}


def closing(code: int, reason: str) -> Message:
    return {"type": "websocket.close", "code": code, "reason": reason}


async def run(connection: Connection, *sent: str) -> list[str | bytes]:
    """Send messages, and return what has been received when the connection ends."""
    received: list[str | bytes] = []

    async def converse() -> None:
        for message in sent:
            connection.send(message)
        received.extend([message async for message in connection])

    await connection.run(converse)
    return received


async def test_messages_are_received_until_the_peer_goes() -> None:
    binary: Message = {"type": "websocket.receive", "bytes": b"b"}
    peer = Peer(text("a"), text(""), binary, GONE)

    assert await run(peer.connection()) == ["a", "", b"b"]
    assert [message["type"] for message in peer.got] == ["websocket.accept"]


@pytest.mark.parametrize("error", [anyio.ClosedResourceError(), anyio.EndOfStream()])
async def test_a_peer_that_is_found_gone_ends_the_connection(error: Exception) -> None:
    assert await run(Peer(text("a"), error).connection()) == ["a"]


async def test_messages_are_sent_in_order() -> None:
    peer = Peer()

    with anyio.move_on_after(1):
        await run(peer.connection(), "a", "b")

    assert [message.get("text") for message in peer.got] == [None, "a", "b"]


async def test_a_connection_is_closed_after_24_hours() -> None:
    peer = Peer()

    await run(peer.connection())

    assert anyio.current_time() == 86_400
    assert peer.got[1:] == [closing(1001, "24 hours are over")]


async def test_who_reads_too_slowly_is_disconnected() -> None:
    peer = Peer()
    peer.take = lambda: anyio.sleep(1)
    connection = peer.connection()

    await run(connection, *map(str, range(20_001)))

    assert peer.got[1:] == [closing(1008, "too slow a consumer")]
    assert anyio.current_time() == 1


async def test_what_does_not_fit_is_not_sent() -> None:
    connection, sent = Peer().connection(), list[bool]()

    async def converse() -> None:
        sent.extend(connection.send("a") for _ in range(20_002))

    await connection.run(converse)

    assert sent == [True] * 20_000 + [False] * 2


async def test_the_first_reason_to_close_is_told() -> None:
    peer = Peer()
    connection = peer.connection()

    async def converse() -> None:
        connection.refuse("first")
        connection.refuse("second")

    await connection.run(converse)

    assert peer.got[1:] == [closing(1008, "first")]


async def test_a_peer_that_does_not_read_delays_the_end_by_ten_seconds_at_most() -> None:
    peer = Peer()
    peer.take = anyio.sleep_forever
    connection = peer.connection()

    async def converse() -> None:
        connection.refuse("reason")

    await connection.run(converse)

    assert anyio.current_time() == 10


@pytest.mark.parametrize("error", [OSError(), anyio.ClosedResourceError()])
async def test_sending_to_a_peer_that_is_gone_does_no_harm(error: Exception) -> None:
    async def fail() -> None:
        raise error

    peer = Peer()
    peer.take = fail

    await run(peer.connection(), "a", "b")

    assert anyio.current_time() == 0
    assert [message["type"] for message in peer.got] == ["websocket.accept"]


async def test_a_peer_found_gone_is_not_told_why() -> None:
    async def fail() -> None:
        raise OSError

    peer = Peer()
    peer.take = fail
    connection = peer.connection()

    async def converse() -> None:
        connection.send("a")
        try:
            await anyio.sleep(1)
        finally:
            connection.refuse("too late")

    await connection.run(converse)

    assert anyio.current_time() == 0


async def test_a_task_lives_as_long_as_the_connection() -> None:
    connection, lived = Peer(GONE).connection(), list[str]()

    async def task(name: str) -> None:
        lived.append(name)
        try:
            await anyio.sleep_forever()
        finally:
            lived.append("over")

    async def converse() -> None:
        connection.start(task, "begun")
        await anyio.sleep(1)
        async for _ in connection:
            pass

    await connection.run(converse)

    assert lived == ["begun", "over"]


async def test_binary_and_text_frames_are_sent_as_such() -> None:
    peer = Peer()
    connection = peer.connection()

    async def converse() -> None:
        connection.send(b"a")
        connection.send("b")
        await anyio.sleep(1)

    await connection.run(converse)

    assert [(message.get("bytes"), message.get("text")) for message in peer.got[1:]] == [
        (b"a", None),
        (None, "b"),
    ]


async def test_a_dropped_connection_is_broken_and_not_closed() -> None:
    peer = Peer()
    connection = peer.connection()

    async def converse() -> None:
        connection.close(1001, "too late")
        connection.drop()

    with pytest.raises(ConnectionResetError):
        await connection.run(converse)

    assert [message["type"] for message in peer.got] == ["websocket.accept"]
