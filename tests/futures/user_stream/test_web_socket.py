"""Real sockets: what a WebSocket of httpx2 brings, and how it ends."""

import base64
import hashlib
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from itertools import compress
from typing import Final

import anyio
import pytest
from anyio.abc import ByteStream, SocketAttribute

from binance_mcp.errors import StreamEndedError
from binance_mcp.futures.binance_error import NetworkSettingsError
from binance_mcp.futures.http_client import HttpClient, http_client
from binance_mcp.futures.user_stream.web_socket import (
    Frame,
    Listener,
    ping_web_socket,
    read_web_socket,
)
from binance_mcp.sandbox.app import Sandbox
from binance_mcp.sandbox.stream_faults import STREAM_FAULTS, StreamFrame
from binance_mcp.sandbox.tcp import serving_sandbox

pytestmark = pytest.mark.anyio

KEY: Final = "secret-listen-key"
MAGIC: Final = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""https://datatracker.ietf.org/doc/html/rfc6455#section-1.3"""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Heard:
    """What a WebSocket brought."""

    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self.pings: list[bool] = []
        self.is_open = anyio.Event()
        self.listener = Listener(self.is_open.set, self.frames.append, self.pings.append)


async def ended(url: str, heard: Heard, http: HttpClient | None = None) -> str:
    """Read a WebSocket to its end, and return why it ended."""
    async with http_client(url) as client:
        with pytest.raises(StreamEndedError) as caught:
            await read_web_socket(http or client, url, heard.listener, opening_seconds=2)
    assert KEY not in str(caught.value)
    return str(caught.value)


async def test_pings_are_answered_and_noticed_and_events_received() -> None:
    sandbox = Sandbox(ping_seconds=0.1)
    async with serving_sandbox(sandbox) as exchange:
        headers = {"X-MBX-APIKEY": exchange.account.api_key}
        async with http_client(exchange.rest_url) as rest:
            key = (await rest().post("/fapi/v1/listenKey", headers=headers)).json()["listenKey"]
        url, heard = f"{exchange.stream_url}/private/ws?listenKey={key}", Heard()

        async def push() -> None:
            await heard.is_open.wait()
            await anyio.sleep(1)
            sandbox.push({"e": "X", "n": 1}, api_key=exchange.account.api_key)
            await anyio.sleep(0.5)
            sandbox.drop_streams()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(push)
            assert await ended(url, heard) == "the connection broke"
    assert heard.frames == ['{"e":"X","n":1}']
    assert heard.pings.count(True) >= 3


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        ("stream_close", "closed with code 1001"),
        ("stream_oversized", "closed with code 1009"),
    ],
)
async def test_a_close_and_a_message_that_is_too_large_end_it(fault: str, why: str) -> None:
    sandbox, heard = Sandbox(), Heard()
    async with serving_sandbox(sandbox) as exchange, anyio.create_task_group() as tasks:

        async def act() -> None:
            await heard.is_open.wait()
            await anyio.sleep(0.1)
            sandbox.arm_stream_fault(STREAM_FAULTS[fault].model_validate({"fault": fault}))

        tasks.start_soon(act)
        url = f"{exchange.stream_url}/private/ws?listenKey={KEY}"
        assert await ended(url, heard) == f"it was {why}"
    assert heard.frames == []


async def test_a_binary_message_is_received_as_bytes() -> None:
    sandbox, heard = Sandbox(), Heard()
    async with serving_sandbox(sandbox) as exchange, anyio.create_task_group() as tasks:

        async def act() -> None:
            await heard.is_open.wait()
            await anyio.sleep(0.1)
            sandbox.arm_stream_fault(StreamFrame(fault="stream_binary"))
            await anyio.sleep(0.3)
            sandbox.drop_streams()

        tasks.start_soon(act)
        await ended(f"{exchange.stream_url}/private/ws?listenKey={KEY}", heard)
    assert heard.frames == [b"\x00binary\xff"]


@asynccontextmanager
async def serving(answer: Callable[[ByteStream], object]) -> AsyncGenerator[str]:
    """Serve a program that is no WebSocket server, and yield a URL of it."""
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, answer)
        port = listener.extra(SocketAttribute.local_port)  # noqa: S610  # anyio's, not Django's
        yield f"ws://127.0.0.1:{port}/private/ws?listenKey={KEY}"
        tasks.cancel_scope.cancel()


async def refuse(stream: ByteStream) -> None:
    async with stream:
        await stream.receive()
        await stream.send(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n")


async def be_silent(stream: ByteStream) -> None:
    async with stream:
        with suppress(anyio.EndOfStream, anyio.BrokenResourceError):
            while True:
                await stream.receive()


async def send_nonsense(stream: ByteStream) -> None:
    async with stream:
        await stream.receive()
        await stream.send(
            b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
            b"\r\n\xff\xff\xff\xff"
        )
        await anyio.sleep(1)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (refuse, "the server answered 403 instead of opening it"),
        (be_silent, "it did not open in time"),
        (send_nonsense, "it was closed with code 1002"),
    ],
)
async def test_a_server_that_opens_no_websocket_is_named_as_what_it_is(
    answer: Callable[[ByteStream], object], why: str
) -> None:
    async with serving(answer) as url:
        assert await ended(url, Heard()) == why


async def test_nothing_listening_is_a_reason_without_the_url() -> None:
    async with serving(refuse) as url:
        pass
    assert await ended(url, Heard()) == "no connection (ConnectError)"


async def test_a_proxy_that_cannot_be_used_is_named() -> None:
    def no_client() -> None:
        raise NetworkSettingsError("ALL_PROXY is not the URL of a proxy")

    url = "ws://127.0.0.1:1/"
    found = await ended(url, Heard(), no_client)  # pyright: ignore[reportArgumentType]
    assert found == "ALL_PROXY is not the URL of a proxy"


async def test_a_bug_is_not_taken_for_the_end_of_the_stream() -> None:
    def fail() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await read_web_socket(
            fail,  # pyright: ignore[reportArgumentType]
            "ws://127.0.0.1:1/",
            Heard().listener,
            opening_seconds=1,
        )


async def pinged(url: str, heard: Heard, seconds: float = 0.5) -> float | None:
    async with http_client(url) as client:
        return await ping_web_socket(client, url, heard.listener, seconds=seconds)


async def test_a_ping_is_answered_and_what_arrives_meanwhile_is_received() -> None:
    sandbox, heard = Sandbox(), Heard()
    async with serving_sandbox(sandbox) as exchange:
        sandbox.arm_stream_fault(StreamFrame(fault="stream_binary", seconds=60))
        took = await pinged(f"{exchange.stream_url}/private/ws", heard)
    assert took is not None
    assert 0 < took < 0.5
    assert heard.frames == [b"\x00binary\xff"]


async def open_and_be_silent(stream: ByteStream) -> None:
    async with stream:
        request = (await stream.receive()).decode()
        named = (line.lower().startswith("sec-websocket-key") for line in request.split("\r\n"))
        key = next(compress(request.split("\r\n"), named)).split()[1]
        digest = hashlib.sha1(f"{key}{MAGIC}".encode(), usedforsecurity=False).digest()
        accept = base64.b64encode(digest).decode()
        await stream.send(
            b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
            + f"sec-websocket-accept: {accept}\r\n\r\n".encode()
        )
        with suppress(anyio.EndOfStream, anyio.BrokenResourceError):
            while True:
                await stream.receive()


async def test_a_ping_without_an_answer_is_told_after_the_time() -> None:
    heard = Heard()
    async with serving(open_and_be_silent) as url:
        assert await pinged(url, heard) is None
    assert heard.is_open.is_set()


async def test_a_websocket_that_cannot_be_pinged_says_why() -> None:
    async with serving(refuse) as url:
        with pytest.raises(StreamEndedError, match="answered 403 instead of opening it"):
            await pinged(url, Heard())
