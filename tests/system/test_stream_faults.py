"""What can go wrong with a stream, over real sockets, as an agent reads of it."""

from pathlib import Path
from typing import Final

import httpx2 as httpx
import pytest
from mcp import Client

from tests.futures.user_stream.documented_events import documented, fill
from tests.simulation.stream.machines import settings, stdio_server
from tests.system.reader import Reader, connect, until
from tests.system.relay import splitting_relay

pytestmark = pytest.mark.anyio

FLOOD: Final = 2000


async def is_read(reader: Reader, control: httpx.AsyncClient, number: int) -> None:
    """Push an event, and see it arrive, and that nothing can have been missed since the fault."""
    await control.post("/sandbox/events", json={"event": fill(number)})
    await reader.read_until(lambda: fill(number) in reader.contents)
    assert "coveredSince" in await reader.read()


async def test_frames_that_cannot_be_read_are_named_and_end_nothing(
    at: dict[str, str], control: httpx.AsyncClient, tmp_path: Path
) -> None:
    named = {"stream_not_json": "is not JSON", "stream_binary": "is not UTF-8"}
    async with Client(stdio_server(settings(at, tmp_path))) as client:
        await connect(client)
        reader = Reader(client)
        for number, (fault, why) in enumerate(named.items()):
            await control.post("/sandbox/faults", json={"fault": fault})
            told = f"a frame of the stream {why}"
            stream = await until(
                client, lambda now, why=told: now["stream"].get("lastProblem") == why
            )
            assert (stream["state"], stream["reconnects"]) == ("connected", 0)
            await is_read(reader, control, number)
    assert [reason for _, _, reason in reader.told.gaps] == ["start", "unreadable", "unreadable"]
    told = "may be missing: something arrived that could not be read."
    assert "\n".join(reader.texts).count(told) == 2


async def test_connections_that_end_are_named_and_replaced(
    at: dict[str, str], control: httpx.AsyncClient, tmp_path: Path
) -> None:
    named = {
        "stream_oversized": "it was closed with code 1009",
        "stream_close": "it was closed with code 1001",
        "drop": "the connection broke",
    }
    async with Client(stdio_server(settings(at, tmp_path))) as client:
        await connect(client)
        reader = Reader(client)
        for number, (fault, why) in enumerate(named.items(), start=1):
            if fault == "drop":
                assert (await control.delete("/sandbox/streams")).json() == {"dropped": 1}
            else:
                await control.post("/sandbox/faults", json={"fault": fault})
            stream = await until(
                client,
                lambda status, times=number: (
                    status["stream"]["reconnects"] == times
                    and status["stream"]["state"] == "connected"
                ),
            )
            assert stream["lastProblem"] == why
            await is_read(reader, control, number)
    assert set(reader.reasons) == {"start", "disconnected"}
    assert "may be missing: the connection was lost." in "\n".join(reader.texts)


async def test_a_flood_is_read_whole_and_in_order(
    at: dict[str, str], control: httpx.AsyncClient, tmp_path: Path
) -> None:
    async with Client(stdio_server(settings(at, tmp_path))) as client:
        await connect(client)
        await control.post("/sandbox/faults", json={"fault": "stream_flood", "count": FLOOD})
        reader = Reader(client)
        await reader.read_more(FLOOD)
    truth = (await control.get("/sandbox/events")).json()["events"]
    assert reader.contents == [each["event"] for each in truth]
    assert reader.reasons == ["start"]


async def test_a_key_that_ended_unnoticed_is_replaced_when_the_connection_is(
    at: dict[str, str], control: httpx.AsyncClient, tmp_path: Path
) -> None:
    async with Client(stdio_server(settings(at, tmp_path))) as client:
        await connect(client)
        await control.post("/sandbox/faults", json={"fault": "stream_drop_next"})
        assert (await control.delete("/fapi/v1/listenKey")).status_code == 200
        await control.delete("/sandbox/streams")
        await until(client, lambda status: status.get("rotationCount") == 1)
        await until(client, lambda status: status["stream"]["state"] == "connected")
        reader = Reader(client)
        await is_read(reader, control, 1)
    assert "may be missing: the connection was lost." in reader.texts[0]


async def test_events_that_arrive_in_fragments_between_pings_are_read_whole(
    at: dict[str, str], control: httpx.AsyncClient, tmp_path: Path
) -> None:
    events = [fill(1), fill(2, s="币安人生USDT"), documented("ACCOUNT_UPDATE")]
    async with splitting_relay(int(at["streamUrl"].rsplit(":", 1)[1])) as port:
        variables = settings(at | {"streamUrl": f"ws://127.0.0.1:{port}"}, tmp_path)
        async with Client(stdio_server(variables)) as client:
            await connect(client)
            await control.post("/sandbox/events", json={"events": events})
            reader = Reader(client)
            await reader.read_more(len(events))
    assert reader.contents == events
    assert reader.reasons == ["start"]
    assert ", last ping " in reader.texts[-1]
