from collections.abc import AsyncGenerator

import anyio
import httpx2 as httpx
import pytest
from httpx2.websockets import ASGIWebSocketTransport, WebSocketDisconnect
from starlette.types import Message

from binance_mcp.sandbox.app import Sandbox
from binance_mcp.sandbox.faults import FAULTS
from binance_mcp.sandbox.http_messages import Answer

pytestmark = pytest.mark.anyio

LISTEN_KEY = "/fapi/v1/listenKey"
ANSWERED = sorted(name for name in FAULTS if name not in ("reset", "timeout"))


async def chunks(chunk: bytes, *, times: int) -> AsyncGenerator[bytes]:
    for _ in range(times):
        yield chunk


@pytest.mark.parametrize("name", ANSWERED)
async def test_every_fault_is_answered_as_its_table_says(
    client: httpx.AsyncClient, sandbox: Sandbox, name: str
) -> None:
    sandbox.arm(name, retry_after=7)

    answer = await client.put(LISTEN_KEY)

    fault = FAULTS[name]
    if isinstance(fault, Answer):
        assert (answer.status_code, answer.content) == (fault.status, fault.body)
        assert answer.headers["Content-Type"].startswith(fault.media_type)
    else:
        assert (answer.status_code, answer.json()["code"]) == (418, -1003)
        assert "banned until 1700000160025." in answer.json()["msg"]
    assert answer.headers["Retry-After"] == "7"
    assert answer.headers["X-MBX-USED-WEIGHT-1M"] == "1"


async def test_a_timeout_leaves_the_request_without_an_answer(
    client: httpx.AsyncClient, sandbox: Sandbox
) -> None:
    sandbox.arm("timeout")

    with anyio.move_on_after(600) as waited:
        await client.post(LISTEN_KEY)

    assert waited.cancelled_caught
    assert [request.status for request in sandbox.requests] == [None]


async def test_a_reset_breaks_the_connection(client: httpx.AsyncClient, sandbox: Sandbox) -> None:
    sandbox.arm("reset")

    with pytest.raises(ConnectionResetError):
        await client.post(LISTEN_KEY)

    assert [request.status for request in sandbox.requests] == [None]


async def test_a_fault_may_be_armed_for_some_requests_of_a_method(
    client: httpx.AsyncClient, sandbox: Sandbox
) -> None:
    sandbox.arm("http_503_plain", times=2, method="PUT")

    statuses = [
        (await client.request(method, LISTEN_KEY)).status_code
        for method in ("POST", "PUT", "PUT", "PUT")
    ]

    assert statuses == [200, 503, 503, 200]


@pytest.mark.parametrize("answer_seconds", [0.001, 0.05, 2.0])
async def test_an_answer_takes_its_time_and_what_is_asked_happens_in_the_middle(
    client: httpx.AsyncClient, sandbox: Sandbox, answer_seconds: float
) -> None:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(client.post, LISTEN_KEY)
        await anyio.sleep(answer_seconds * 0.49)
        assert sandbox.requests == ()
        await anyio.sleep(answer_seconds * 0.02)
        assert [request.status for request in sandbox.requests] == [200]

    assert anyio.current_time() == pytest.approx(answer_seconds)
    await client.get("/sandbox/faults")
    assert anyio.current_time() == pytest.approx(answer_seconds)


async def test_a_request_that_nobody_waits_for_any_more_was_carried_out_or_was_not(
    client: httpx.AsyncClient, sandbox: Sandbox
) -> None:
    for seconds in (0.02, 0.03):
        with anyio.move_on_after(seconds):
            await client.post(LISTEN_KEY)

    assert [request.status for request in sandbox.requests] == [200]


def test_an_unknown_fault_cannot_be_armed(sandbox: Sandbox) -> None:
    with pytest.raises(ValueError, match="unknown"):
        sandbox.arm("meteor")


async def test_a_listen_key_lasts_as_long_as_the_sandbox_is_told() -> None:
    sandbox = Sandbox(listen_key_seconds=2)
    sandbox.add_account("alice", public_key=None)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(sandbox),
        base_url="http://sandbox",
        headers={"X-MBX-APIKEY": "alice"},
    ) as client:
        await client.post(LISTEN_KEY)
        await anyio.sleep(1.9)
        assert (await client.put(LISTEN_KEY)).status_code == 200
        await anyio.sleep(2)
        assert (await client.put(LISTEN_KEY)).status_code == 400


@pytest.mark.parametrize("path", ["/", "/fapi", "/sandbox", "/api/v3/time"])
async def test_there_is_nothing_elsewhere(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)

    assert answer.status_code == 404
    assert answer.json() == {"code": -5000, "msg": f"Path {path}, Method GET is invalid"}


@pytest.mark.parametrize("path", [LISTEN_KEY, "/sandbox/events"])
async def test_a_body_over_64_kib_is_refused(client: httpx.AsyncClient, path: str) -> None:
    longest = await client.post(path, content=b" " * 65536)
    longer = await client.post(path, content=b" " * 65537)
    chunked = await client.post(path, content=chunks(b" " * 65536, times=9))

    assert longest.status_code in (200, 400)
    for refused in (longer, chunked):
        assert refused.status_code == 413
        assert refused.json() == {"error": "the body is longer than 65536 bytes"}


async def test_requests_and_handshakes_are_recorded_and_the_control_surface_is_not(
    client: httpx.AsyncClient, sandbox: Sandbox
) -> None:
    await client.get("/sandbox/faults")
    await client.post(LISTEN_KEY)
    await client.get("/elsewhere", params={"listenKey": "a" * 64})
    for url in ("ws://sandbox/private/ws/" + "k" * 64, "ws://sandbox/ws-fapi/v1"):
        async with client.websocket(url):
            pass

    assert [
        (request.method, request.path, request.query, request.status)
        for request in sandbox.requests
    ] == [
        ("POST", LISTEN_KEY, "", 200),
        ("GET", "/elsewhere", "listenKey=aaaa…", 404),
        ("GET", "/private/ws/kkkk…", "", 101),
        ("GET", "/ws-fapi/v1", "", 101),
    ]


async def test_a_handshake_elsewhere_is_refused(
    client: httpx.AsyncClient, sandbox: Sandbox
) -> None:
    with pytest.raises(WebSocketDisconnect):
        async with client.websocket("ws://sandbox/secret/ws"):
            pass

    assert [request.status for request in sandbox.requests] == [403]


async def test_a_socket_lives_24_hours(client: httpx.AsyncClient) -> None:
    async with client.websocket("ws://sandbox/private/ws") as socket:
        with pytest.raises(WebSocketDisconnect) as closed:
            await socket.receive()

    assert (closed.value.code, anyio.current_time()) == (1001, 86_400)


async def test_an_event_for_an_unknown_account_cannot_be_pushed(sandbox: Sandbox) -> None:
    with pytest.raises(ValueError, match="apiKey: unknown"):
        sandbox.push({}, api_key="bob")


async def test_a_client_that_goes_before_its_body_has_come_is_not_answered(
    sandbox: Sandbox,
) -> None:
    received = iter(({"type": "http.request", "more_body": True}, {"type": "http.disconnect"}))

    async def receive() -> Message:
        return next(received)

    async def send(message: Message) -> None:
        raise AssertionError(message)

    await sandbox(
        {"type": "http", "path": LISTEN_KEY, "query_string": b"", "headers": []}, receive, send
    )

    assert sandbox.requests == ()


async def test_it_takes_part_in_the_lifespan_of_its_server(sandbox: Sandbox) -> None:
    phases = iter(({"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}))
    sent: list[str] = []

    async def receive() -> Message:
        return next(phases)

    async def send(message: Message) -> None:
        sent.append(message["type"])

    await sandbox({"type": "lifespan"}, receive, send)

    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


async def test_listen_keys_live_by_the_steady_clock_that_is_given() -> None:
    ahead = 0.0
    sandbox = Sandbox(steady_clock=lambda: anyio.current_time() + ahead)
    sandbox.add_account("alice")
    transport, headers = ASGIWebSocketTransport(sandbox), {"X-MBX-APIKEY": "alice"}

    async with httpx.AsyncClient(
        transport=transport, base_url="http://sandbox", headers=headers
    ) as client:
        assert (await client.post(LISTEN_KEY)).status_code == 200
        ahead = 3599.0
        assert (await client.put(LISTEN_KEY)).status_code == 200
        ahead += 3600.0
        assert (await client.put(LISTEN_KEY)).json()["code"] == -1125


def test_a_new_account_has_keys_that_look_like_binances_and_are_its_own() -> None:
    sandbox = Sandbox()
    one, other = sandbox.new_account(), sandbox.new_account()
    keys = [one.api_key, one.api_secret, other.api_key, other.api_secret]
    assert all(len(key) == 64 and key.isalnum() for key in keys)
    assert len(set(keys)) == 4


def test_an_account_prints_neither_key() -> None:
    assert repr(Sandbox().new_account()) == "AccountKeys()"
