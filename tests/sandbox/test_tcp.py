from collections.abc import AsyncGenerator

import anyio
import httpx2 as httpx
import pytest
import wsproto
from anyio.abc import SocketStream
from httpx2.websockets import (
    AsyncWebSocketSession,
    WebSocketDisconnect,
    WebSocketNetworkError,
)
from wsproto.events import AcceptConnection, Event, Ping, Pong, Request

from binance_mcp.asgi_server import serving
from binance_mcp.sandbox.app import Sandbox
from binance_mcp.sandbox.stream_faults import (
    BINARY,
    NOT_JSON,
    OVERSIZED_BYTES,
    StreamClose,
    StreamFlood,
    StreamFrame,
    StreamSilent,
)
from binance_mcp.sandbox.tcp import AbortableH11Protocol, ServedSandbox, serving_sandbox

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"  # real sockets


@pytest.fixture
def sandbox() -> Sandbox:
    return Sandbox(ping_seconds=0.1)


@pytest.fixture
async def served(sandbox: Sandbox) -> AsyncGenerator[ServedSandbox]:
    async with serving_sandbox(sandbox) as served:
        yield served


@pytest.fixture
async def http(served: ServedSandbox) -> AsyncGenerator[httpx.AsyncClient]:
    headers = {"X-MBX-APIKEY": served.account.api_key}
    async with httpx.AsyncClient(base_url=served.rest_url, headers=headers) as http:
        yield http


@pytest.fixture
async def stream(
    http: httpx.AsyncClient, served: ServedSandbox
) -> AsyncGenerator[AsyncWebSocketSession]:
    key = (await http.post("/fapi/v1/listenKey")).json()["listenKey"]
    url = f"{served.stream_url}/private/ws?listenKey={key}"
    async with http.websocket(url, max_message_size_bytes=OVERSIZED_BYTES) as stream:
        with anyio.fail_after(20):
            yield stream


async def test_the_account_exists_from_the_start(http: httpx.AsyncClient) -> None:
    response = await http.post("/fapi/v1/listenKey")
    assert response.status_code == 200
    assert len(response.json()["listenKey"]) == 64


async def test_a_pushed_event_arrives_at_the_accounts_stream(
    http: httpx.AsyncClient, served: ServedSandbox, sandbox: Sandbox
) -> None:
    key = (await http.post("/fapi/v1/listenKey")).json()["listenKey"]
    async with http.websocket(f"{served.stream_url}/private/ws?listenKey={key}") as stream:
        assert sandbox.push({"e": "MARGIN_CALL"}) == 1
        with anyio.fail_after(5):
            assert await stream.receive_json() == {"e": "MARGIN_CALL"}


async def test_a_reset_breaks_the_connection_without_an_answer(
    http: httpx.AsyncClient, sandbox: Sandbox
) -> None:
    sandbox.arm("reset")
    with pytest.raises(httpx.ReadError):
        await http.post("/fapi/v1/listenKey")
    assert (await http.post("/fapi/v1/listenKey")).status_code == 200


async def test_a_timeout_keeps_the_client_waiting(
    http: httpx.AsyncClient, sandbox: Sandbox
) -> None:
    sandbox.arm("timeout")
    with pytest.raises(httpx.ReadTimeout):
        await http.post("/fapi/v1/listenKey", timeout=0.2)


async def test_a_reset_breaks_the_connection_and_the_next_request_is_answered(
    sandbox: Sandbox,
) -> None:
    sandbox.add_account("alice")
    sandbox.arm("reset")
    async with (
        serving(sandbox, host="127.0.0.1", port=0, http=AbortableH11Protocol) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client,
    ):
        with pytest.raises(httpx.ReadError):
            await client.post("/fapi/v1/listenKey")
        answer = await client.post("/fapi/v1/listenKey", headers={"X-MBX-APIKEY": "alice"})

    assert answer.status_code == 200
    assert [request.status for request in sandbox.requests] == [None, 200]


async def test_a_request_left_without_an_answer_ends_with_its_client(sandbox: Sandbox) -> None:
    sandbox.arm("timeout")
    async with (
        serving(sandbox, host="127.0.0.1", port=0, http=AbortableH11Protocol) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=0.05) as client,
    ):
        with pytest.raises(httpx.ReadTimeout):
            await client.get("/fapi/v1/ping")
        with anyio.fail_after(2):
            assert (await client.get("/fapi/v1/ping", timeout=2)).status_code == 200


async def test_dropped_streams_break_without_a_close_frame(
    http: httpx.AsyncClient, stream: AsyncWebSocketSession
) -> None:
    assert (await http.delete("/sandbox/streams")).json() == {"dropped": 1}

    with pytest.raises(WebSocketNetworkError):
        await stream.receive()
    assert (await http.delete("/sandbox/streams")).json() == {"dropped": 0}


async def test_streams_are_closed_with_the_code(
    sandbox: Sandbox, stream: AsyncWebSocketSession
) -> None:
    sandbox.arm_stream_fault(StreamClose(code=1012))

    with pytest.raises(WebSocketDisconnect) as closed:
        await stream.receive()
    assert closed.value.code == 1012


async def test_strange_frames_arrive_as_they_are(
    sandbox: Sandbox, stream: AsyncWebSocketSession
) -> None:
    sandbox.arm_stream_fault(StreamFrame(fault="stream_not_json"))
    sandbox.arm_stream_fault(StreamFrame(fault="stream_binary"))
    sandbox.arm_stream_fault(StreamFrame(fault="stream_oversized"))

    assert await stream.receive_text() == NOT_JSON
    assert await stream.receive_bytes() == BINARY
    assert len(await stream.receive_text()) == OVERSIZED_BYTES


async def test_a_flood_arrives_whole(sandbox: Sandbox, stream: AsyncWebSocketSession) -> None:
    sandbox.arm_stream_fault(StreamFlood())

    received = [await stream.receive_json() for _ in range(5000)]
    assert received == [each.event for each in sandbox.events()]


async def test_streams_are_pinged_unless_they_are_silent_and_the_next_waits_for_the_pong(
    sandbox: Sandbox, served: ServedSandbox
) -> None:
    async with await anyio.connect_tcp("127.0.0.1", port_of(served)) as connection:
        peer = wsproto.WSConnection(wsproto.ConnectionType.CLIENT)
        await connection.send(peer.send(Request("sandbox", "/private/ws?listenKey=bogus")))
        accepted, ping = [await next_event(connection, peer) for _ in range(2)]
        assert isinstance(accepted, AcceptConnection)
        assert isinstance(ping, Ping)
        assert await next_event(connection, peer, seconds=0.5) is None
        await connection.send(peer.send(ping.response()))
        another = await next_event(connection, peer)
        assert isinstance(another, Ping)

        sandbox.arm_stream_fault(StreamSilent())
        await connection.send(peer.send(another.response()))
        assert await next_event(connection, peer, seconds=0.5) is None
        await connection.send(peer.send(Ping(b"are you there?")))
        assert isinstance(await next_event(connection, peer), Pong)


def port_of(served: ServedSandbox) -> int:
    return int(served.stream_url.rpartition(":")[2])


async def next_event(
    connection: SocketStream, peer: wsproto.WSConnection, seconds: float = 5
) -> Event | None:
    """Return the next event that comes in time; None if there is none."""
    with anyio.move_on_after(seconds):
        while (event := next(peer.events(), None)) is None:
            peer.receive_data(await connection.receive())
        return event
    return None
