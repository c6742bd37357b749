"""What is ordered of the sandbox over HTTP is told to its streams, and shown by REST."""

import hmac
import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

import anyio
import httpx2 as httpx
import pytest
from httpx2.websockets import AsyncWebSocketSession

from binance_mcp.sandbox.app import Sandbox
from tests.sandbox.conftest import START_OF_A_MINUTE

pytestmark = pytest.mark.anyio

TRADES = "/fapi/v1/userTrades"


async def read(client: httpx.AsyncClient, path: str, **parameters: object) -> httpx.Response:
    timestamp = int((START_OF_A_MINUTE + anyio.current_time()) * 1000)
    query = urlencode({**parameters, "timestamp": timestamp})
    signature = hmac.digest(b"secret of alice", query.encode(), "sha256").hex()
    return await client.get(f"{path}?{query}&signature={signature}")


async def received(socket: AsyncWebSocketSession, count: int) -> Sequence[Any]:
    return [json.loads(await socket.receive_text(timeout=60)) for _ in range(count)]


async def test_a_fill_is_told_and_shown_and_one_that_is_withheld_is_shown_only(
    client: httpx.AsyncClient, sandbox: Sandbox
) -> None:
    key = (await client.post("/fapi/v1/listenKey")).json()["listenKey"]
    fill = {"symbol": "BTCUSDT", "side": "BUY", "quantity": "1", "price": "64000"}

    async with client.websocket(f"ws://sandbox/private/ws?listenKey={key}") as socket:
        await client.post("/sandbox/fills", json={**fill, "withheld": True})
        answer = await client.post("/sandbox/fills", json=fill)
        told = await received(socket, 4)

    assert answer.json() == {"tradeId": 2}
    types = [each["e"] for each in told]
    assert types == ["ORDER_TRADE_UPDATE", "TRADE_LITE", "ACCOUNT_UPDATE", "ORDER_TRADE_UPDATE"]
    shown = (await read(client, TRADES, symbol="BTCUSDT")).json()
    assert [row["id"] for row in shown] == [1, 2]
    assert [each.delivered for each in sandbox.events()] == [0] * 4 + [1] * 4


async def test_a_page_in_the_middle_can_be_made_to_fail(
    client: httpx.AsyncClient, sandbox: Sandbox
) -> None:
    ledger = sandbox.ledger()
    for _ in range(4):
        ledger.trade("BTCUSDT", "BUY", 1, 64000)
    sandbox.arm("http_400_-1021", path=TRADES, after=1)

    pages = [await read(client, TRADES, symbol="BTCUSDT", limit=2, fromId=n) for n in (1, 3, 3)]

    assert [page.status_code for page in pages] == [200, 400, 200]


async def test_the_ledger_of_one_of_several_accounts_must_be_named(sandbox: Sandbox) -> None:
    sandbox.add_account("bob", api_secret="secret of bob")

    with pytest.raises(ValueError, match="apiKey: needed, for there are 2 accounts"):
        sandbox.ledger()
    with pytest.raises(ValueError, match="apiKey: unknown"):
        sandbox.ledger("carol")
    assert sandbox.ledger("bob") is not sandbox.ledger("alice")
