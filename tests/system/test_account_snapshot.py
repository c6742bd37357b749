"""A snapshot of the account, and the events after its cursor, over real sockets and processes."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import anyio
import httpx2 as httpx
import pytest
from mcp import Client

from tests.server.connections import SNAPSHOT, Era, succeeded
from tests.simulation.stream.machines import settings, stdio_server
from tests.system.reader import Reader, connect

pytestmark = pytest.mark.anyio

SYMBOL = "ETHUSDT"


def signing(at: dict[str, str], directory: Path) -> dict[str, str]:
    return settings(at, directory) | {"BINANCE_API_SECRET": at["apiSecret"]}


async def place(control: httpx.AsyncClient, price: int) -> int:
    order = {"symbol": SYMBOL, "side": "SELL", "quantity": "1", "price": str(price)}
    answer = await control.post("/sandbox/orders", json=order)
    return answer.raise_for_status().json()["orderId"]


async def truth(control: httpx.AsyncClient) -> list[dict[str, Any]]:
    return [each["event"] for each in (await control.get("/sandbox/events")).json()["events"]]


def later(events: Sequence[dict[str, Any]], than: str) -> list[dict[str, Any]]:
    at = datetime.fromisoformat(than).timestamp() * 1000
    return [event for event in events if event["E"] > at]


@pytest.mark.parametrize("era", ["auto", "legacy"])
async def test_events_after_its_cursor_are_exactly_the_changes_after_it(
    at: dict[str, str], control: httpx.AsyncClient, tmp_path: Path, era: Era
) -> None:
    async with Client(stdio_server(signing(at, tmp_path)), mode=era) as client:
        await connect(client)
        order = await place(control, 4000)
        await Reader(client).read_more(1)
        found = succeeded(await client.call_tool(SNAPSHOT, {}))
        before = len(await truth(control))
        await control.post("/sandbox/fills", json={"orderId": order, "quantity": "0.25"})
        await place(control, 4100)
        reader = Reader(client, found["cursor"])
        await reader.read_more(4)
        assert (await reader.read())["events"] == []
    assert found["exact"]
    assert [(each["id"], each["filled"]) for each in found["openOrders"]] == [(str(order), "0")]
    assert found["positions"] == []
    assert reader.contents == (await truth(control))[before:]
    assert reader.reasons == []


async def test_while_orders_are_placed_nothing_is_missing_and_exact_is_exact(
    at: dict[str, str], control: httpx.AsyncClient, tmp_path: Path
) -> None:
    async def trade() -> None:
        for number in range(12):
            await place(control, 4000 + number)
            await anyio.sleep(0.1 if number % 4 else 1.8)

    taken: list[dict[str, Any]] = []
    async with Client(stdio_server(signing(at, tmp_path))) as client:
        await connect(client)
        await place(control, 3999)
        await Reader(client).read_more(1)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(trade)
            taken.extend(
                [succeeded(await client.call_tool(SNAPSHOT, {"symbol": SYMBOL})) for _ in range(4)]
            )
        events = await truth(control)
        for found in taken:
            reader = Reader(client, found["cursor"])
            changes = later(events, found["readUntil"])
            await reader.read()
            await reader.read_more(len(changes) - len(reader.contents))
            shown = {int(each["id"]) for each in found["openOrders"]}
            told = [event["o"]["i"] for event in reader.contents]
            assert reader.contents[len(told) - len(changes) :] == changes
            assert shown | set(told) == {event["o"]["i"] for event in events}
            if found["exact"]:
                assert shown.isdisjoint(told)
    assert any(found["exact"] for found in taken)
