import json

import anyio
import httpx2 as httpx
import pytest
from httpx2.websockets import AsyncWebSocketSession
from starlette.datastructures import Headers
from starlette.types import Message
from starlette.websockets import WebSocket

from binance_mcp.sandbox.accounts import Accounts
from binance_mcp.sandbox.app import Sandbox
from binance_mcp.sandbox.http_messages import Request
from binance_mcp.sandbox.moment import Moment
from binance_mcp.sandbox.open_streams import OpenStreams
from binance_mcp.sandbox.streams import Command, StreamSocket, opening
from binance_mcp.sandbox.websocket import Connection

pytestmark = pytest.mark.anyio

HOURS = 3600.0


@pytest.fixture
async def listen_key(client: httpx.AsyncClient) -> str:
    return (await client.post("/fapi/v1/listenKey")).json()["listenKey"]


def asked(path: str, query: str = "") -> tuple[bool, bool, dict[str, frozenset[str] | None]] | None:
    found = opening(Request("GET", path, query, Headers(), ""))
    return found and (found.is_private, found.is_wrapped, dict(found.streams))


async def silent(socket: AsyncWebSocketSession, seconds: float = 2 * HOURS) -> bool:
    try:
        await socket.receive(timeout=seconds)
    except TimeoutError:
        return True
    return False


@pytest.mark.parametrize(
    ("path", "is_private", "is_wrapped"),
    [
        ("/private/ws", True, False),
        ("/private/stream", True, True),
        ("/public/ws", False, False),
        ("/market/stream", False, True),
        ("/ws", False, False),
        ("/stream", False, True),
    ],
)
def test_the_path_tells_whether_events_come_and_how(
    path: str, *, is_private: bool, is_wrapped: bool
) -> None:
    assert asked(path) == (is_private, is_wrapped, {})


@pytest.mark.parametrize("path", ["/private/ws/a/b", "/ws/a/b"])
def test_the_path_may_name_streams(path: str) -> None:
    assert asked(path) == (path.startswith("/private"), False, {"a": None, "b": None})


@pytest.mark.parametrize(
    "path",
    ["/", "/ws/", "/private", "/private/ws/", "/private/ws/a/", "/stream/a", "/secret/ws", "/wsa"],
)
def test_other_paths_are_no_streams(path: str) -> None:
    assert asked(path) is None


def test_events_belong_to_the_listen_key_before_them() -> None:
    query = "events=Z&listenKey=a&events=A/B&listenKey=b&listenKey=c&events=&x=1"

    assert asked("/private/stream", query) == (
        True,
        True,
        {"a": frozenset("AB"), "b": None, "c": frozenset([""])},
    )


def test_what_is_asked_for_does_not_show_the_listen_key() -> None:
    found = opening(Request("GET", "/private/ws/secret", "", Headers(), ""))

    assert "secret" not in repr(found)
    assert "secret" not in repr(Command(method="SUBSCRIBE", params=("secret",)))


@pytest.mark.parametrize("form", ["/private/ws?listenKey={}", "/private/ws/{}"])
async def test_in_ws_mode_events_come_as_they_are(
    client: httpx.AsyncClient, sandbox: Sandbox, listen_key: str, form: str
) -> None:
    async with client.websocket("ws://sandbox" + form.format(listen_key)) as socket:
        assert sandbox.push({"e": "ACCOUNT_UPDATE", "E": 1}) == 1
        assert await socket.receive_text() == '{"e":"ACCOUNT_UPDATE","E":1}'


async def test_in_stream_mode_events_come_with_their_stream(
    client: httpx.AsyncClient, sandbox: Sandbox, listen_key: str
) -> None:
    async with client.websocket(f"ws://sandbox/private/stream?listenKey={listen_key}") as socket:
        sandbox.push({"e": "X"})
        assert await socket.receive_json() == {"stream": listen_key, "data": {"e": "X"}}


async def test_one_socket_may_listen_to_several_accounts(
    client: httpx.AsyncClient, sandbox: Sandbox, listen_key: str
) -> None:
    sandbox.add_account("bob")
    answer = await client.post("/fapi/v1/listenKey", headers={"X-MBX-APIKEY": "bob"})
    bobs = answer.json()["listenKey"]
    query = f"listenKey={listen_key}&events=A&listenKey={bobs}&events=B"

    async with client.websocket(f"ws://sandbox/private/stream?{query}") as socket:
        counts = [
            sandbox.push({"e": event}, api_key=account)
            for account in ("alice", "bob")
            for event in ("A", "B")
        ]
        received = [await socket.receive_json() for _ in range(2)]

    assert counts == [1, 0, 0, 1]
    assert [(each["stream"], each["data"]["e"]) for each in received] == [
        (listen_key, "A"),
        (bobs, "B"),
    ]


@pytest.mark.parametrize(
    ("events", "received"),
    [
        ("", ["A", "B", "listenKeyExpired"]),
        ("&events=A/listenKeyExpired", ["A", "listenKeyExpired"]),
        ("&events=A", ["A"]),
        ("&events=listenKeyExpired", ["listenKeyExpired"]),
    ],
)
async def test_only_the_events_that_are_named_come_and_the_expiry_is_one_of_them(
    client: httpx.AsyncClient, sandbox: Sandbox, listen_key: str, events: str, received: list[str]
) -> None:
    url = f"ws://sandbox/private/ws?listenKey={listen_key}{events}"
    async with client.websocket(url) as socket:
        sandbox.push({"e": "A"})
        sandbox.push({"e": "B"})
        await client.delete("/fapi/v1/listenKey")
        assert [(await socket.receive_json())["e"] for _ in received] == received
        assert await silent(socket)


async def test_an_event_without_a_type_comes_only_where_all_come(
    client: httpx.AsyncClient, sandbox: Sandbox, listen_key: str
) -> None:
    url = f"ws://sandbox/private/ws?listenKey={listen_key}"
    async with client.websocket(url) as everything, client.websocket(f"{url}&events=A") as some:
        assert sandbox.push({"x": 1}) == 1
        assert await everything.receive_json() == {"x": 1}
        assert await silent(some, 1)


@pytest.mark.parametrize(
    "path",
    [
        "/private/ws?listenKey=bogus",
        "/private/ws",
        "/ws/{}",
        "/ws?listenKey={}",
        "/stream?streams={}",
        "/public/stream?listenKey={}",
        "/market/ws/{}",
    ],
)
async def test_a_bogus_key_and_any_other_route_are_accepted_and_silent(
    client: httpx.AsyncClient, sandbox: Sandbox, listen_key: str, path: str
) -> None:
    async with client.websocket("ws://sandbox" + path.format(listen_key)) as socket:
        assert sandbox.push({"e": "A"}) == 0
        assert await silent(socket)


async def test_a_listen_key_lasts_sixty_minutes_and_its_sockets_are_told(
    client: httpx.AsyncClient, sandbox: Sandbox, listen_key: str
) -> None:
    async with client.websocket(f"ws://sandbox/private/ws?listenKey={listen_key}") as socket:
        expired = await socket.receive_json()

        assert anyio.current_time() == pytest.approx(3600.025)
        assert expired == {
            "e": "listenKeyExpired",
            "E": 1_700_003_640_025,
            "listenKey": listen_key,
        }
        await client.post("/fapi/v1/listenKey")
        assert sandbox.push({"e": "A"}) == 0
        assert await silent(socket)


async def test_every_socket_of_a_key_is_told_of_its_expiry_once(
    client: httpx.AsyncClient, listen_key: str
) -> None:
    url = f"ws://sandbox/private/ws?listenKey={listen_key}"
    async with client.websocket(url) as first, client.websocket(url) as second:
        for socket in (first, second):
            assert (await socket.receive_json())["e"] == "listenKeyExpired"
            assert anyio.current_time() == pytest.approx(3600.025)
        assert await silent(first)
        assert await silent(second)


async def test_leaving_a_key_whose_expiry_nobody_has_noticed_yet_still_tells_of_it() -> None:
    exchange, steady, sent = Accounts(3600), [0.0], list[Message]()
    exchange.add_account("alice", lambda _payload, _signature: False)
    listen_key = exchange.open(exchange.account("alice"), Moment(0, 0))
    unsubscribe = json.dumps({"method": "UNSUBSCRIBE", "params": [listen_key]})
    messages = iter(
        (
            {"type": "websocket.connect"},
            {"type": "websocket.receive", "text": unsubscribe},
        )
    )

    async def receive() -> Message:
        if (message := next(messages, None)) is None:
            await anyio.sleep(1)
            return {"type": "websocket.disconnect"}
        if message["type"] == "websocket.receive":
            steady[0] = 3600
        return message

    async def send(message: Message) -> None:
        sent.append(message)

    asks = opening(Request("GET", f"/private/ws/{listen_key}", "", Headers(), ""))
    assert asks is not None
    connection = Connection(WebSocket({"type": "websocket"}, receive, send))

    def now() -> Moment:
        return Moment(steady[0], 0)

    await StreamSocket(connection, asks, exchange, OpenStreams(now), now).run()

    assert [json.loads(message["text"]) for message in sent[1:]] == [
        {"e": "listenKeyExpired", "E": 0, "listenKey": listen_key},
        {"result": None, "id": None},
    ]


async def test_a_socket_stays_silent_for_as_long_as_its_key_is_kept_alive(
    client: httpx.AsyncClient, listen_key: str
) -> None:
    async with client.websocket(f"ws://sandbox/private/ws?listenKey={listen_key}") as socket:
        for _ in range(20):
            assert await silent(socket, 0.99 * HOURS)
            await client.put("/fapi/v1/listenKey")
        assert (await socket.receive_json())["e"] == "listenKeyExpired"
        puts = 20 * 0.05 + 0.025  # with the post before them, and without the way of the last back
        assert anyio.current_time() == pytest.approx((20 * 0.99 + 1) * HOURS + puts)
