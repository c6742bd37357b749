import anyio
import pytest
from httpx2.websockets import AsyncWebSocketClient
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from binance_mcp.futures.in_process import in_process_client

pytestmark = pytest.mark.anyio


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer every request, and accept every WebSocket after a second."""
    if scope["type"] == "http":
        await PlainTextResponse("hello")(scope, receive, send)
        return
    await anyio.sleep(1)
    await send({"type": "websocket.accept"})
    await anyio.sleep_forever()


async def test_an_app_answers_requests_in_this_process() -> None:
    async with in_process_client("http://app.test", app) as client:
        assert (await client.get("/")).text == "hello"


@pytest.mark.parametrize("seconds", [0.5, 5])
async def test_leaving_ends_websockets_that_are_open_or_are_being_opened(seconds: float) -> None:
    async with in_process_client("http://app.test", app) as client:
        with anyio.move_on_after(seconds):
            async with AsyncWebSocketClient(client).connect("ws://app.test/") as session:
                await session.receive()
    assert anyio.current_time() <= seconds + 1
