"""Over real sockets of this machine, on asyncio, which uvicorn needs."""

import asyncio  # noqa: TID251  # the type of what uvicorn gives its protocols
import errno
import os
import signal
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio
import anyio.lowlevel
import httpx2 as httpx
import pytest
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, StreamingResponse
from starlette.routing import Route
from uvicorn.protocols.http.h11_impl import H11Protocol

from binance_mcp.asgi_server import serving
from binance_mcp.errors import ServingError

pytestmark = pytest.mark.anyio

HOST = "127.0.0.1"
IN_USE = os.strerror(errno.EADDRINUSE)
NOT_OURS = "192.0.2.1"  # an address for documentation: https://www.rfc-editor.org/rfc/rfc5737
NOT_AVAILABLE = os.strerror(errno.EADDRNOTAVAIL)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Diary:
    """An app that notes when it starts and stops, and holds requests to `/held` until let go."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.held = anyio.Event()
        self.let_go = anyio.Event()
        self.app = Starlette(
            routes=[Route("/", _seen), Route("/held", self._hold)], lifespan=self._lifespan
        )

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncGenerator[None]:
        self.notes.append("started")
        yield
        self.notes.append("stopped")

    async def _hold(self, _: Request) -> PlainTextResponse:
        self.held.set()
        await self.let_go.wait()
        return PlainTextResponse("let go")


async def _seen(request: Request) -> JSONResponse:
    assert request.client
    return JSONResponse({"peer": request.client.host, "scheme": request.url.scheme})


async def get(port: int, path: str = "/", **headers: str) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False) as client:
        return await client.get(f"http://{HOST}:{port}{path}", headers=headers)


async def until_refused(port: int) -> None:
    while True:
        try:
            stream = await anyio.connect_tcp(HOST, port)
        except OSError:
            return
        await stream.aclose()


def can_listen_on_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


async def test_the_app_answers_on_the_free_port_that_port_0_picks() -> None:
    async with serving(Diary().app, host=HOST, port=0) as port:
        assert (await get(port)).status_code == 200


@pytest.mark.skipif(not can_listen_on_ipv6(), reason="this machine has no IPv6")
async def test_an_ipv6_address_can_be_served() -> None:
    async with serving(Diary().app, host="::1", port=0) as port:
        await (await anyio.connect_tcp("::1", port)).aclose()


async def test_the_app_has_started_before_the_block_and_stopped_after_it() -> None:
    diary = Diary()
    async with serving(diary.app, host=HOST, port=0):
        diary.notes.append("block")
    assert diary.notes == ["started", "block", "stopped"]


async def test_the_app_is_stopped_even_if_the_block_is_cancelled() -> None:
    diary = Diary()
    with anyio.CancelScope() as scope:
        async with serving(diary.app, host=HOST, port=0):
            scope.cancel()
            await anyio.sleep_forever()
    assert diary.notes == ["started", "stopped"]


async def test_the_port_is_free_after_the_block_even_if_a_client_stays_connected() -> None:
    async with serving(Diary().app, host=HOST, port=0) as port:
        peer = await anyio.connect_tcp(HOST, port)
        await peer.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await peer.receive()
    async with serving(Diary().app, host=HOST, port=port) as again:
        assert again == port
    await peer.aclose()


@pytest.mark.parametrize(("host", "reason"), [(HOST, IN_USE), (NOT_OURS, NOT_AVAILABLE)])
async def test_an_address_that_cannot_be_listened_on_is_reported_with_the_reason(
    host: str, reason: str
) -> None:
    diary = Diary()
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ServingError) as failed:
            async with serving(diary.app, host=host, port=port):
                pytest.fail("it is not served")
    assert str(failed.value) == f"cannot listen on {host} port {port}: {reason}"
    assert diary.notes == []


async def test_an_app_that_does_not_start_is_not_served() -> None:
    @asynccontextmanager
    async def broken(_: Starlette) -> AsyncGenerator[None]:
        raise RuntimeError("no database")
        yield

    with pytest.raises(ServingError) as failed:
        async with serving(Starlette(lifespan=broken), host=HOST, port=0):
            pytest.fail("it is not served")
    assert str(failed.value) == "the server did not start; the log says why"


async def test_a_request_in_progress_at_shutdown_is_still_answered() -> None:
    diary, bodies = Diary(), list[str]()

    async def ask(port: int) -> None:
        bodies.append((await get(port, "/held")).text)

    async def let_go_when_it_ends(port: int) -> None:
        await until_refused(port)
        diary.let_go.set()

    async with anyio.create_task_group() as tasks, serving(diary.app, host=HOST, port=0) as port:
        tasks.start_soon(ask, port)
        await diary.held.wait()
        tasks.start_soon(let_go_when_it_ends, port)
    assert bodies == ["let go"]
    assert diary.notes == ["started", "stopped"]


async def test_a_request_that_never_ends_delays_shutdown_by_2_seconds() -> None:
    diary = Diary()
    async with serving(diary.app, host=HOST, port=0) as port:
        stream = await anyio.connect_tcp(HOST, port)
        await stream.send(b"GET /held HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await diary.held.wait()
        end = anyio.current_time()
    assert 2 <= anyio.current_time() - end < 4
    assert diary.notes == ["started", "stopped"]
    await stream.aclose()


async def test_x_forwarded_headers_are_ignored() -> None:
    forged = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https"}
    async with serving(Diary().app, host=HOST, port=0) as port:
        answer = await get(port, **forged)
    assert answer.json() == {"peer": HOST, "scheme": "http"}


async def test_responses_have_no_server_header() -> None:
    async with serving(Diary().app, host=HOST, port=0) as port:
        assert "server" not in (await get(port)).headers


async def test_the_asgi_server_does_not_handle_signals() -> None:
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    async with serving(Diary().app, host=HOST, port=0):
        assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before


async def test_small_responses_are_sent_without_delay() -> None:
    delays: list[int] = []

    class Noting(H11Protocol):
        def connection_made(self, transport: asyncio.Transport) -> None:
            super().connection_made(transport)
            accepted = transport.get_extra_info("socket")
            delays.append(accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))

    async with serving(Diary().app, host=HOST, port=0, http=Noting) as port:
        await get(port)
    assert len(delays) == 1
    assert delays[0] != 0


async def test_shutdown_ends_streams_and_background_tasks_without_an_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def words() -> AsyncGenerator[str]:
        yield "first"
        await anyio.sleep_forever()

    async def stream(_: Request) -> StreamingResponse:
        return StreamingResponse(words())

    async def work_on(_: Request) -> PlainTextResponse:
        return PlainTextResponse("done", background=BackgroundTask(anyio.sleep_forever))

    app = Starlette(routes=[Route("/stream", stream), Route("/work", work_on)])
    async with httpx.AsyncClient(trust_env=False) as client:
        async with serving(app, host=HOST, port=0) as port:
            assert (await client.get(f"http://{HOST}:{port}/work")).text == "done"
            opened = client.stream("GET", f"http://{HOST}:{port}/stream")
            response = await opened.__aenter__()
            parts = response.aiter_text()
            assert await anext(parts) == "first"
        assert [part async for part in parts] == []
        await opened.__aexit__(None, None, None)
    assert [each for each in caplog.records if each.levelname == "ERROR"] == []


async def test_unanswered_requests_at_shutdown_get_status_503() -> None:
    diary = Diary()
    statuses: list[int] = []
    async with anyio.create_task_group() as tasks, httpx.AsyncClient(trust_env=False) as client:

        async def ask(port: int) -> None:
            response = await client.get(f"http://{HOST}:{port}/held", timeout=10)
            statuses.append(response.status_code)

        async with serving(diary.app, host=HOST, port=0) as port:
            tasks.start_soon(ask, port)
            await diary.held.wait()
        await anyio.wait_all_tasks_blocked()
    assert statuses == [503]


async def test_shutdown_with_clients_that_do_not_read_logs_no_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def flood(_: Request) -> StreamingResponse:
        async def words() -> AsyncGenerator[bytes]:
            while True:
                yield b"x" * 65_536
                await anyio.lowlevel.checkpoint()  # what is sent to nobody does not wait

        return StreamingResponse(words())

    app = Starlette(routes=[Route("/", flood)])
    with anyio.fail_after(5):
        async with serving(app, host=HOST, port=0) as port:
            stream = await anyio.connect_tcp(HOST, port)
            await stream.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            await anyio.sleep(0.2)
    await stream.aclose()
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []
