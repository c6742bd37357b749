"""What was pushed at the exchange is what agents read, over real sockets and processes."""

import json
from collections import Counter
from contextlib import AsyncExitStack
from io import StringIO
from pathlib import Path
from typing import Any

import anyio
import httpx2 as httpx
import pytest
from mcp import Client

from binance_mcp.futures.user_stream.event import parse_frame
from binance_mcp.futures.user_stream.summary import summary
from tests.futures.user_stream.documented_events import DOCUMENTED, MULTI_ASSETS, fill
from tests.server.connections import Era
from tests.simulation.stream.machines import http_server, settings, stdio_server
from tests.system.reader import Reader, connect

pytestmark = pytest.mark.anyio

EVENTS = 60
FRAMES = (MULTI_ASSETS, *DOCUMENTED)


def without_key(frame: str) -> dict[str, Any]:
    event = json.loads(frame)
    return event | ({"listenKey": f"{event['listenKey'][:4]}…"} if "listenKey" in event else {})


def line(frame: str) -> str:
    event = parse_frame(frame)
    assert event is not None
    return summary(event)


@pytest.mark.parametrize("era", ["auto", "legacy"])
async def test_every_documented_event_is_read_unchanged_and_with_its_line(
    at: dict[str, str], control: httpx.AsyncClient, tmp_path: Path, era: Era
) -> None:
    async with Client(stdio_server(settings(at, tmp_path)), mode=era) as client:
        await connect(client)
        events = [json.loads(frame) for frame in FRAMES]
        (await control.post("/sandbox/events", json={"events": events})).raise_for_status()
        reader = Reader(client)
        await reader.read_more(len(FRAMES))
    assert reader.contents == [without_key(frame) for frame in FRAMES]
    assert [each["summary"] for each in reader.told.events] == [line(frame) for frame in FRAMES]
    lines = [each for told in reader.texts for each in told.splitlines() if each[0].isdigit()]
    assert lines == [
        f"{number}. {event['eventTime']} {event['summary']}"
        for number, event in enumerate(reader.told.events, start=1)
    ]


async def test_ten_clients_of_both_eras_read_every_event_once_at_paces_of_their_own(
    at: dict[str, str], control: httpx.AsyncClient, tmp_path: Path
) -> None:
    pushed = [fill(number) for number in range(EVENTS)]
    async with AsyncExitStack() as stack:
        url = stack.enter_context(http_server(settings(at, tmp_path), StringIO()))
        readers = [
            Reader(
                await stack.enter_async_context(
                    Client(url, mode="auto" if number % 2 else "legacy")
                ),
                "oldest" if number % 2 else None,
                most=1 + 3 * number,
            )
            for number in range(10)
        ]
        await connect(readers[0].client)
        async with anyio.create_task_group() as tasks:
            for number, reader in enumerate(readers):
                tasks.start_soon(reader.read_more, EVENTS, number / 50)
            for event in pushed:
                await control.post("/sandbox/events", json={"event": event})
        protocols = Counter(reader.client.protocol_version for reader in readers)
    assert protocols == {"2026-07-28": 5, "2025-11-25": 5}
    for reader in readers:
        assert reader.contents == pushed
        assert [each["sequence"] for each in reader.told.events] == list(range(1, EVENTS + 1))
