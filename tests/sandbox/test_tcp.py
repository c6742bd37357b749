from collections.abc import AsyncGenerator

import anyio
import httpx2 as httpx
import pytest

from binance_mcp.asgi_server import serving
from binance_mcp.sandbox.app import Sandbox
from binance_mcp.sandbox.tcp import AbortableH11Protocol, ServedSandbox, serving_sandbox

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"  # real sockets


@pytest.fixture
def sandbox() -> Sandbox:
    return Sandbox()


@pytest.fixture
async def served(sandbox: Sandbox) -> AsyncGenerator[ServedSandbox]:
    async with serving_sandbox(sandbox) as served:
        yield served


@pytest.fixture
async def http(served: ServedSandbox) -> AsyncGenerator[httpx.AsyncClient]:
    headers = {"X-MBX-APIKEY": served.account.api_key}
    async with httpx.AsyncClient(base_url=served.rest_url, headers=headers) as http:
        yield http


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
