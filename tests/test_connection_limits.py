"""Over real sockets of this machine, on asyncio, which uvicorn needs."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, suppress

import anyio
import anyio.lowlevel
import httpx2 as httpx
import pytest
from anyio.abc import SocketStream
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from binance_mcp import connection_limits
from binance_mcp.asgi_server import serving
from binance_mcp.connection_limits import file_limit, most_connections

pytestmark = pytest.mark.anyio

HOST = "127.0.0.1"
HEAD = b"GET /slow HTTP/1.1\r\nHost: localhost\r\n"
BODY = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nab"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def short_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_limits, "_SECONDS_TO_SEND", 0.2)


async def echo(request: Request) -> PlainTextResponse:
    return PlainTextResponse(await request.body())


async def slow(_: Request) -> StreamingResponse:
    async def words() -> AsyncGenerator[str]:
        yield "first "
        await anyio.sleep(0.5)
        yield "last"

    return StreamingResponse(words())


@pytest.fixture
async def port() -> AsyncGenerator[int]:
    app = Starlette(routes=[Route("/", echo, methods=["GET", "POST"]), Route("/slow", slow)])
    async with serving(app, host=HOST, port=0) as port:
        yield port


async def connected(stack: AsyncExitStack, port: int) -> SocketStream:
    stream = await anyio.connect_tcp(HOST, port)
    stack.push_async_callback(stream.aclose)
    return stream


async def is_closed(stream: SocketStream, seconds: float = 2) -> bool:
    with anyio.move_on_after(seconds):
        try:
            while True:
                await stream.receive()
        except (anyio.EndOfStream, anyio.BrokenResourceError):
            return True
    return False


@pytest.mark.parametrize("sent", [b"", HEAD, BODY, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"])
async def test_a_connection_that_sends_no_whole_request_is_closed(port: int, sent: bytes) -> None:
    async with AsyncExitStack() as stack:
        stream = await connected(stack, port)
        if sent:
            await stream.send(sent)
        assert await is_closed(stream)


async def test_one_byte_after_another_wins_no_time(port: int) -> None:
    async with AsyncExitStack() as stack:
        stream = await connected(stack, port)
        sent = 0
        with anyio.fail_after(2), suppress(anyio.BrokenResourceError):
            while True:
                await stream.send(b"X")
                sent += 1
                await anyio.sleep(0.05)
        assert sent < 10


async def test_a_response_may_take_its_time(port: int) -> None:
    async with httpx.AsyncClient(trust_env=False) as http:
        assert (await http.get(f"http://{HOST}:{port}/slow")).text == "first last"


async def test_a_body_that_comes_in_time_is_read(port: int) -> None:
    async with AsyncExitStack() as stack:
        stream = await connected(stack, port)
        await stream.send(BODY)
        await anyio.sleep(0.05)
        await stream.send(b"cde")
        assert b"abcde" in await stream.receive()


async def test_the_one_that_waits_longest_makes_room(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_limits, "_SECONDS_TO_SEND", 60)
    monkeypatch.setattr(connection_limits, "_MOST_CONNECTIONS", 4)
    async with AsyncExitStack() as stack:
        silent: list[SocketStream] = []
        for _ in range(6):
            silent.append(await connected(stack, port))
            await anyio.sleep(0.02)
        assert [await is_closed(each, 0.1) for each in silent] == [True] * 2 + [False] * 4
        async with httpx.AsyncClient(trust_env=False) as http:
            answer = await http.post(f"http://{HOST}:{port}/", content=b"honest")
        assert answer.text == "honest"
        assert [await is_closed(each, 0.1) for each in silent[2:]] == [True] + [False] * 3


async def test_where_none_waits_the_new_one_is_closed(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_limits, "_MOST_CONNECTIONS", 4)
    async with AsyncExitStack() as stack:
        busy = [await connected(stack, port) for _ in range(4)]
        for each in busy:
            await each.send(HEAD + b"\r\n")
            assert await each.receive()
        assert await is_closed(await connected(stack, port), 0.1)
        assert b"last" in await busy[0].receive()


@pytest.mark.parametrize("headers", [7000, 101])
async def test_too_many_headers_are_refused(port: int, headers: int) -> None:
    many = {f"x{number}": "1" for number in range(headers)}
    async with httpx.AsyncClient(trust_env=False) as http:
        answer = await http.post(f"http://{HOST}:{port}/", headers=many)
    assert answer.status_code in (400, 431)


async def test_a_large_header_is_refused(port: int) -> None:
    async with httpx.AsyncClient(trust_env=False) as http:
        answer = await http.get(f"http://{HOST}:{port}/", headers={"x": "1" * 17_000})
    assert answer.status_code in (400, 431)


@pytest.mark.parametrize(("files", "most"), [(20, 4), (64, 16), (1024, 496), (1_000_000, 512)])
def test_there_are_far_fewer_connections_than_files(
    monkeypatch: pytest.MonkeyPatch, files: int, most: int
) -> None:
    monkeypatch.setattr(connection_limits, "file_limit", lambda: files)
    assert most_connections() == most


def test_a_process_may_have_some_files() -> None:
    assert file_limit() > 3


async def test_a_websocket_is_left_to_its_own_limits() -> None:
    async def converse(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_text(await websocket.receive_text())

    app = Starlette(routes=[WebSocketRoute("/", converse)])
    async with (
        serving(app, host=HOST, port=0) as port,
        httpx.AsyncClient(trust_env=False) as http,
        http.websocket(f"ws://{HOST}:{port}/") as websocket,
    ):
        await anyio.sleep(0.5)
        await websocket.send_text("still here")
        assert await websocket.receive_text() == "still here"


async def test_a_client_may_leave_during_a_response(port: int) -> None:
    async with await anyio.connect_tcp(HOST, port) as stream:
        await stream.send(HEAD + b"\r\n")
        assert await stream.receive()
    async with httpx.AsyncClient(trust_env=False) as http:
        assert (await http.get(f"http://{HOST}:{port}/slow")).text == "first last"


async def test_head_and_body_have_their_time_each(port: int) -> None:
    async with AsyncExitStack() as stack:
        stream = await connected(stack, port)
        await anyio.sleep(0.15)
        await stream.send(BODY)
        await anyio.sleep(0.15)
        await stream.send(b"cde")
        assert b"abcde" in await stream.receive()


@pytest.mark.parametrize("head", ["GET /?{} HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nx: {}\r\n\r\n"])
async def test_a_large_head_is_refused_before_it_is_parsed(port: int, head: str) -> None:
    async with AsyncExitStack() as stack:
        stream = await connected(stack, port)
        await stream.send(head.format("x" * 60_000).encode())
        assert (await stream.receive()).startswith(b"HTTP/1.1 431 ")


async def test_a_client_that_does_not_read_is_disconnected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_limits, "_SECONDS_TO_READ", 0.2)
    ended = anyio.Event()

    async def flood(_: Request) -> StreamingResponse:
        async def words() -> AsyncGenerator[bytes]:
            try:
                while True:
                    yield b"x" * 65_536
                    await anyio.lowlevel.checkpoint()  # what is sent to nobody does not wait
            finally:
                ended.set()

        return StreamingResponse(words())

    app = Starlette(routes=[Route("/flood", flood)])
    async with serving(app, host=HOST, port=0) as port, AsyncExitStack() as stack:
        stream = await connected(stack, port)
        await stream.send(b"GET /flood HTTP/1.1\r\nHost: localhost\r\n\r\n")
        with anyio.fail_after(5):
            await ended.wait()


async def test_a_client_that_reads_now_and_then_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connection_limits, "_SECONDS_TO_READ", 1)
    size = 10_000_000

    async def much(_: Request) -> PlainTextResponse:
        return PlainTextResponse("x" * size)

    app = Starlette(routes=[Route("/much", much)])
    async with serving(app, host=HOST, port=0) as port, AsyncExitStack() as stack:
        stream = await connected(stack, port)
        await stream.send(b"GET /much HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        received = 0
        with suppress(anyio.EndOfStream):
            while True:
                received += len(await stream.receive(1_000_000))
                await anyio.sleep(0.02)
        assert received > size
