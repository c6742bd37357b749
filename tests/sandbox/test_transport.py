import anyio
import httpx2 as httpx
import pytest

from binance_mcp.futures.sandbox.app import Sandbox
from binance_mcp.futures.sandbox.transport import AbortableH11Protocol
from binance_mcp.serving import serving

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"  # uvicorn's


async def test_a_reset_breaks_the_connection_and_the_next_request_is_answered(
    sandbox: Sandbox,
) -> None:
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
