import anyio
import httpx2 as httpx
import pytest
from httpx2.websockets import AsyncWebSocketSession

from binance_mcp.sandbox.app import Sandbox
from binance_mcp.sandbox.ws_api import Call

pytestmark = pytest.mark.anyio

URL = "ws://sandbox/ws-fapi/v1"


def call(method: str, api_key: object = "alice") -> dict[str, object]:
    return {"id": "1a", "method": f"userDataStream.{method}", "params": {"apiKey": api_key}}


async def asked(socket: AsyncWebSocketSession, message: object) -> dict[str, object]:
    await socket.send_json(message)
    return await socket.receive_json()


async def test_start_returns_the_listen_key_of_rest_and_the_weight_used(
    client: httpx.AsyncClient,
) -> None:
    created = (await client.post("/fapi/v1/listenKey")).json()

    async with client.websocket(URL) as socket:
        assert await asked(socket, call("start")) == {
            "id": "1a",
            "status": 200,
            "result": created,
            "rateLimits": [
                {
                    "rateLimitType": "REQUEST_WEIGHT",
                    "interval": "MINUTE",
                    "intervalNum": 1,
                    "limit": 2400,
                    "count": 6,
                }
            ],
        }


async def test_a_response_takes_its_time_like_an_answer_of_rest(client: httpx.AsyncClient) -> None:
    async with client.websocket(URL) as socket:
        await asked(socket, call("start"))

    assert anyio.current_time() == pytest.approx(0.05)


async def test_ping_extends_and_stop_ends_the_listen_key(client: httpx.AsyncClient) -> None:
    async with client.websocket(URL) as socket:
        started = await asked(socket, call("start"))
        pinged = await asked(socket, call("ping"))
        stopped = await asked(socket, call("stop"))

    assert pinged["result"] == started["result"]
    assert (stopped["status"], stopped["result"]) == (200, {})
    assert (await client.put("/fapi/v1/listenKey")).json()["code"] == -1125


@pytest.mark.parametrize("method", ["ping", "stop"])
async def test_without_a_listen_key_there_is_nothing_to_ping_or_stop(
    client: httpx.AsyncClient, method: str
) -> None:
    async with client.websocket(URL) as socket:
        refused = await asked(socket, call(method))

    assert (refused["id"], refused["status"]) == ("1a", 400)
    assert refused["error"] == {"code": -1125, "msg": "This listenKey does not exist."}


@pytest.mark.parametrize(
    ("message", "identifier", "status", "code"),
    [
        (call("start", ""), "1a", 401, -2014),
        (call("start", 7), "1a", 401, -2014),
        ({"id": 7, "method": "userDataStream.start"}, 7, 401, -2014),
        (call("start", "bob"), "1a", 401, -2015),
        (call("pause"), "1a", 400, -1020),
        ({"id": 7}, None, 400, -1135),
        ("text", None, 400, -1135),
    ],
)
async def test_other_messages_are_refused(
    client: httpx.AsyncClient, message: object, identifier: object, status: int, code: int
) -> None:
    async with client.websocket(URL) as socket:
        refused = await asked(socket, message)

    assert (refused["id"], refused["status"]) == (identifier, status)
    assert isinstance(refused["error"], dict)
    assert refused["error"]["code"] == code


@pytest.mark.parametrize("answer_seconds", [0.0])  # all of it within a minute
async def test_weight_is_counted_apart_from_rest_and_limited(client: httpx.AsyncClient) -> None:
    async with client.websocket(URL) as socket:
        statuses = [(await asked(socket, call("start")))["status"] for _ in range(2446)]

    assert statuses == [200] * 2395 + [429] * 50 + [418]
    answer = await client.post("/fapi/v1/listenKey")
    assert answer.headers["X-MBX-USED-WEIGHT-1M"] == "1"


async def test_stop_tells_the_sockets_of_the_key(
    client: httpx.AsyncClient, sandbox: Sandbox
) -> None:
    async with client.websocket(URL) as socket:
        key = (await asked(socket, call("start")))["result"]
        assert isinstance(key, dict)
        async with client.websocket(f"ws://sandbox/private/ws?listenKey={key['listenKey']}") as ear:
            assert sandbox.push({"e": "X"}) == 1
            await asked(socket, call("stop"))
            assert [(await ear.receive_json())["e"] for _ in range(2)] == ["X", "listenKeyExpired"]


def test_a_call_does_not_show_its_api_key() -> None:
    assert "alice" not in repr(Call.model_validate(call("start")))
