"""What was pushed at the exchange is what agents read, over real sockets and processes."""

import json
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from mcp import Client

from binance_mcp.futures.user_stream.event import parse_frame
from binance_mcp.futures.user_stream.summary import summary
from tests.futures.user_stream.documented_events import DOCUMENTED, MULTI_ASSETS
from tests.server.connections import Era
from tests.simulation.stream.machines import settings, stdio_server
from tests.system.reader import Reader, connect

pytestmark = pytest.mark.anyio

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
