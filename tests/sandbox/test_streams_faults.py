"""Faults of streams, in process on the virtual clock, as a client of httpx2's sees them."""

import json
from collections.abc import AsyncGenerator, Sequence
from typing import Any

import anyio
import httpx2 as httpx
import pytest
from httpx2.websockets import ASGIWebSocketTransport, AsyncWebSocketSession, WebSocketDisconnect
from starlette.types import Receive, Scope, Send
from wsproto.events import BytesMessage

from binance_mcp.sandbox.app import Sandbox
from binance_mcp.sandbox.stream_faults import (
    BINARY,
    NOT_JSON,
    OVERSIZED_BYTES,
    Form,
    StreamDeafForm,
    StreamDropNext,
    StreamSilent,
)
from binance_mcp.sandbox.websocket import PING

pytestmark = pytest.mark.anyio

EVENTS, FAULTS, STREAMS = "/sandbox/events", "/sandbox/faults", "/sandbox/streams"
HOUR = 3600.0
URLS: dict[Form, str] = {
    "/private/ws?listenKey=": "/private/ws?listenKey={}",
    "/private/ws?listenKey=&events=": "/private/ws?listenKey={}&events=A",
    "/private/ws/<listenKey>": "/private/ws/{}",
    "/private/stream?listenKey=": "/private/stream?listenKey={}",
    "/private/stream?listenKey=&events=": "/private/stream?listenKey={}&events=A",
    "SUBSCRIBE": "/private/stream",
}


@pytest.fixture
async def url(client: httpx.AsyncClient) -> str:
    listen_key = (await client.post("/fapi/v1/listenKey")).json()["listenKey"]
    return f"ws://sandbox/private/ws?listenKey={listen_key}"


@pytest.fixture
async def stream(client: httpx.AsyncClient, url: str) -> AsyncGenerator[AsyncWebSocketSession]:
    async with client.websocket(url) as stream:
        yield stream


async def arm(client: httpx.AsyncClient, fault: str, **members: object) -> None:
    answer = await client.post(FAULTS, json={"fault": fault, **members})
    assert answer.status_code == 201, answer.text


async def closing_code(stream: AsyncWebSocketSession) -> int:
    with pytest.raises(WebSocketDisconnect) as closed:
        await stream.receive()
    return closed.value.code


async def silent(stream: AsyncWebSocketSession, seconds: float) -> bool:
    try:
        await stream.receive(timeout=seconds)
    except TimeoutError:
        return True
    return False


def records(sandbox: Sandbox) -> Sequence[tuple[int, object]]:
    return [(each.delivered, each.event["e"]) for each in sandbox.events()]


async def test_open_streams_are_closed_with_the_code_and_new_ones_live(
    client: httpx.AsyncClient, sandbox: Sandbox, stream: AsyncWebSocketSession, url: str
) -> None:
    await arm(client, "stream_close", code=1011)

    assert await closing_code(stream) == 1011
    async with client.websocket(url) as new:
        assert sandbox.push({"e": "A"}) == 1
        assert await new.receive_json() == {"e": "A"}


async def test_while_closing_lasts_new_streams_are_accepted_and_closed(
    client: httpx.AsyncClient, url: str
) -> None:
    await arm(client, "stream_close", seconds=60)

    async with client.websocket(url) as new:
        assert await closing_code(new) == 1001
    await anyio.sleep(60)
    async with client.websocket(url) as new:
        assert await silent(new, 60)


async def test_a_silent_stream_stays_open_loses_events_and_sends_again_afterwards(
    client: httpx.AsyncClient, sandbox: Sandbox, stream: AsyncWebSocketSession, url: str
) -> None:
    await arm(client, "stream_silent", seconds=600)

    async with client.websocket(url) as new:
        for each in (stream, new):
            assert sandbox.push({"e": "LOST"}) == 0
            await each.send_json({"method": "LIST_SUBSCRIPTIONS"})
            assert await silent(each, 299)
        await anyio.sleep(3)
        assert sandbox.push({"e": "HEARD"}) == 2
        for each in (stream, new):
            assert await each.receive_json() == {"e": "HEARD"}

    assert records(sandbox) == [(0, "LOST"), (0, "LOST"), (2, "HEARD")]


async def test_silence_lasts_until_it_is_cleared(
    client: httpx.AsyncClient, sandbox: Sandbox, stream: AsyncWebSocketSession
) -> None:
    sandbox.arm_stream_fault(StreamSilent())
    await anyio.sleep(0.9 * HOUR)
    assert sandbox.push({"e": "LOST"}) == 0

    sandbox.clear_faults()

    assert sandbox.push({"e": "HEARD"}) == 1
    assert await stream.receive_json() == {"e": "HEARD"}
    await arm(client, "stream_silent")
    await client.delete(FAULTS)
    assert sandbox.push({"e": "HEARD"}) == 1


async def test_a_stream_gets_a_text_that_is_not_json_and_goes_on(
    client: httpx.AsyncClient, sandbox: Sandbox, stream: AsyncWebSocketSession
) -> None:
    await arm(client, "stream_not_json")
    sandbox.push({"e": "A"})

    assert [await stream.receive_text(), await stream.receive_json()] == [NOT_JSON, {"e": "A"}]


async def test_a_stream_gets_a_binary_frame_and_goes_on(
    client: httpx.AsyncClient, sandbox: Sandbox, stream: AsyncWebSocketSession
) -> None:
    await arm(client, "stream_binary")
    sandbox.push({"e": "A"})

    frame = await stream.receive()
    assert isinstance(frame, BytesMessage)
    assert (bytes(frame.data), await stream.receive_json()) == (BINARY, {"e": "A"})


async def test_a_stream_gets_a_frame_of_ten_mebibytes(client: httpx.AsyncClient, url: str) -> None:
    async with client.websocket(url, max_message_size_bytes=OVERSIZED_BYTES) as stream:
        await arm(client, "stream_oversized")

        assert len(await stream.receive_text()) == OVERSIZED_BYTES
    async with client.websocket(url) as careful:
        await arm(client, "stream_oversized")
        assert await closing_code(careful) == 1009


@pytest.mark.parametrize("count", [None, 7])
async def test_a_flood_brings_every_stream_all_its_events_in_order(
    client: httpx.AsyncClient,
    sandbox: Sandbox,
    stream: AsyncWebSocketSession,
    url: str,
    count: int | None,
) -> None:
    sandbox.add_account("bob")  # who has no listen key, and so no events
    async with client.websocket(url) as other:
        await arm(client, "stream_flood", **({"count": count} if count else {}))
        expected = [dict(each.event) for each in sandbox.events()]
        assert len(expected) == (count or 5000)
        for each in (stream, other):
            assert [await each.receive_json() for _ in expected] == expected


@pytest.mark.parametrize("form", URLS)
async def test_a_form_of_url_that_is_deaf_gets_replies_and_no_events_and_others_do(
    client: httpx.AsyncClient, sandbox: Sandbox, url: str, form: Form
) -> None:
    listen_key = url.partition("=")[2]
    sandbox.arm_stream_fault(StreamDeafForm(forms=(form,)))

    for each, address in URLS.items():
        async with client.websocket("ws://sandbox" + address.format(listen_key)) as stream:
            params = [listen_key] if each == "SUBSCRIBE" else []
            await stream.send_json({"method": "SUBSCRIBE", "params": params})
            assert await stream.receive_json() == {"result": None, "id": None}
            assert sandbox.push({"e": "A"}) == int(each != form)
            if each != form:
                assert "A" in await stream.receive_text()


async def test_withheld_events_are_sent_to_nobody_and_recorded(
    client: httpx.AsyncClient, sandbox: Sandbox, stream: AsyncWebSocketSession
) -> None:
    sandbox.arm_stream_fault(StreamDropNext())
    await arm(client, "stream_drop_next", count=1)

    await client.post(EVENTS, json={"events": [{"e": "A"}, {"e": "B"}, {"e": "C"}]})

    assert await stream.receive_json() == {"e": "C"}
    assert records(sandbox) == [(0, "A"), (0, "B"), (1, "C")]


async def test_an_event_that_nobody_listens_for_is_not_one_that_is_withheld(
    client: httpx.AsyncClient, sandbox: Sandbox, url: str
) -> None:
    sandbox.arm_stream_fault(StreamDropNext())
    sandbox.push({"e": "A"})

    async with client.websocket(url) as stream:
        sandbox.push({"e": "B"})
        sandbox.push({"e": "C"})
        assert await stream.receive_json() == {"e": "C"}


async def test_the_expiry_of_a_listen_key_can_be_withheld_and_is_recorded(
    client: httpx.AsyncClient, sandbox: Sandbox, stream: AsyncWebSocketSession
) -> None:
    sandbox.arm_stream_fault(StreamDropNext())

    await client.delete("/fapi/v1/listenKey")

    assert await silent(stream, 60)
    assert records(sandbox) == [(0, "listenKeyExpired")]


async def test_in_process_a_dropped_stream_ends_with_an_internal_error(
    client: httpx.AsyncClient, sandbox: Sandbox, stream: AsyncWebSocketSession, url: str
) -> None:
    async with client.websocket(url) as other:
        assert (await client.delete(STREAMS)).json() == {"dropped": 2}

        assert [await closing_code(each) for each in (stream, other)] == [1011, 1011]
    assert sandbox.drop_streams() == 0
    async with client.websocket(url) as new:
        assert sandbox.push({"e": "A"}) == 1
        assert await new.receive_json() == {"e": "A"}


async def test_events_arrive_in_process_for_24_hours(
    client: httpx.AsyncClient, sandbox: Sandbox, stream: AsyncWebSocketSession
) -> None:
    opened_at = anyio.current_time()
    for hour in range(24):
        sandbox.push({"e": "A", "E": hour})
        assert await stream.receive_json() == {"e": "A", "E": hour}
        await client.put("/fapi/v1/listenKey")
        await anyio.sleep(0.99 * HOUR)

    await client.put("/fapi/v1/listenKey")
    assert await closing_code(stream) == 1001
    assert anyio.current_time() == opened_at + 24 * HOUR


async def test_in_process_pings_come_if_the_transport_takes_them_and_none_in_silence(
    sandbox: Sandbox,
) -> None:
    pinged_at: list[float] = []

    async def able_to_ping(scope: Scope, receive: Receive, send: Send) -> None:
        def ping() -> None:
            pinged_at.append(anyio.current_time())

        await sandbox({**scope, "extensions": {PING: ping}}, receive, send)

    transport: Any = ASGIWebSocketTransport(able_to_ping)
    async with (
        httpx.AsyncClient(transport=transport) as client,
        client.websocket("ws://sandbox/private/ws?listenKey=bogus"),
    ):
        await anyio.sleep(600)
        sandbox.arm_stream_fault(StreamSilent(seconds=600))
        await anyio.sleep(800)

    assert pinged_at == [180, 360, 540, 1260]


async def test_events_are_read_from_any_sequence_as_they_were_pushed(
    client: httpx.AsyncClient, stream: AsyncWebSocketSession
) -> None:
    pushed = [{"e": "A", "E": number, "x": {"y": ["1.0"]}} for number in range(3)]
    assert (await client.post(EVENTS, json={"events": pushed})).json() == {"delivered": 3}

    assert [await stream.receive_json() for _ in pushed] == pushed
    shown = (await client.get(EVENTS)).json()["events"]
    assert [each["event"] for each in shown] == pushed
    assert [(each["sequence"], each["account"], each["delivered"]) for each in shown] == [
        (1, 1, 1),
        (2, 1, 1),
        (3, 1, 1),
    ]
    assert shown[0]["time"] == 1_700_000_040_050
    assert (await client.get(f"{EVENTS}?after=2")).json()["events"] == shown[2:]
    assert json.loads((await client.get(f"{EVENTS}?after=-1")).content) == {
        "error": "after: Input should be greater than or equal to 0"
    }
