"""The commands on an open WebSocket of the sandbox: SUBSCRIBE and its kin."""

import json

import anyio
import httpx2 as httpx
import pytest
from httpx2.websockets import AsyncWebSocketSession, WebSocketDisconnect

from binance_mcp.sandbox.app import Sandbox

pytestmark = pytest.mark.anyio


@pytest.fixture
async def listen_key(client: httpx.AsyncClient) -> str:
    return (await client.post("/fapi/v1/listenKey")).json()["listenKey"]


async def replied(socket: AsyncWebSocketSession, message: object) -> object:
    await socket.send_json(message)
    return await socket.receive_json()


async def silent(socket: AsyncWebSocketSession, seconds: float) -> bool:
    try:
        await socket.receive(timeout=seconds)
    except TimeoutError:
        return True
    return False


async def test_subscriptions_come_and_go_on_an_open_socket(
    client: httpx.AsyncClient, sandbox: Sandbox, listen_key: str
) -> None:
    async with client.websocket("ws://sandbox/private/stream") as socket:
        subscribe = {"method": "SUBSCRIBE", "params": [listen_key], "id": "a-1"}
        assert await replied(socket, subscribe) == {"result": None, "id": "a-1"}
        assert await replied(socket, subscribe) == {"result": None, "id": "a-1"}
        assert sandbox.push({"e": "A"}) == 1
        assert await socket.receive_json() == {"stream": listen_key, "data": {"e": "A"}}

        listing = {"method": "LIST_SUBSCRIPTIONS", "id": 2}
        assert await replied(socket, listing) == {"result": [listen_key], "id": 2}

        unsubscribe = {"method": "UNSUBSCRIBE", "params": [listen_key, "unknown"], "id": 3}
        assert await replied(socket, unsubscribe) == {"result": None, "id": 3}
        assert sandbox.push({"e": "A"}) == 0
        assert await replied(socket, listing) == {"result": [], "id": 2}
        assert await silent(socket, 7200)


async def test_an_acknowledgement_proves_nothing(client: httpx.AsyncClient) -> None:
    async with client.websocket("ws://sandbox/private/ws") as socket:
        assert await replied(socket, {"method": "SUBSCRIBE", "params": ["nonsense"]}) == {
            "result": None,
            "id": None,
        }


async def test_commands_are_understood_on_other_routes_too(
    client: httpx.AsyncClient, sandbox: Sandbox, listen_key: str
) -> None:
    async with client.websocket("ws://sandbox/market/stream") as socket:
        command = {"method": "SUBSCRIBE", "params": [listen_key], "id": 1}
        assert await replied(socket, command) == {"result": None, "id": 1}
        assert sandbox.push({"e": "A"}) == 0


@pytest.mark.parametrize(
    "message", ["", "{", "[]", '{"method":"LOGIN"}', '{"method":"SUBSCRIBE","params":[1]}']
)
async def test_what_is_no_command_is_answered_with_an_error(
    client: httpx.AsyncClient, message: str
) -> None:
    async with client.websocket("ws://sandbox/private/ws") as socket:
        await socket.send_text(message)
        answer = await socket.receive_json()

    assert (answer["error"]["code"], answer["id"]) == (2, None)
    assert answer["error"]["msg"].startswith("Invalid request: ")


async def test_a_command_may_come_as_bytes(client: httpx.AsyncClient) -> None:
    async with client.websocket("ws://sandbox/ws") as socket:
        await socket.send_bytes(json.dumps({"method": "LIST_SUBSCRIPTIONS"}).encode())
        assert await socket.receive_json() == {"result": [], "id": None}


async def test_ten_messages_per_second_are_answered_and_more_end_the_connection(
    client: httpx.AsyncClient,
) -> None:
    listing = {"method": "LIST_SUBSCRIPTIONS"}
    async with client.websocket("ws://sandbox/ws") as socket:
        for _ in range(3):
            for _ in range(10):
                await replied(socket, listing)
            await anyio.sleep(1)
        for _ in range(10):
            await replied(socket, listing)
        with pytest.raises(WebSocketDisconnect) as closed:
            await replied(socket, listing)

    assert (closed.value.code, closed.value.reason) == (1008, "more than 10 messages per second")


async def test_a_connection_carries_1024_streams_at_most(client: httpx.AsyncClient) -> None:
    async with client.websocket("ws://sandbox/private/ws") as socket:
        names = [str(number) for number in range(1025)]
        assert await replied(socket, {"method": "SUBSCRIBE", "params": names[1:], "id": 1})
        with pytest.raises(WebSocketDisconnect) as closed:
            await replied(socket, {"method": "SUBSCRIBE", "params": names[:1], "id": 2})

    assert (closed.value.code, closed.value.reason) == (1008, "more than 1024 streams")
