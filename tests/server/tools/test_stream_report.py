import anyio
import pytest

from binance_mcp.sandbox.app import AccountKeys, Sandbox
from tests.futures.user_stream.documented_events import fill
from tests.server.connections import CREATE, STATUS, Connect, Serve, succeeded, text

pytestmark = pytest.mark.anyio


async def test_the_status_in_detail_reports_the_stream(
    connect: Connect, sandbox: Sandbox, account: AccountKeys
) -> None:
    async with connect(user_events=True) as client:
        await client.call_tool(CREATE, {})
        await anyio.sleep(1)
        sandbox.push(fill(1), api_key=account.api_key)
        await anyio.sleep(60)
        short = await client.call_tool(STATUS, {})
        long = await client.call_tool(STATUS, {"detail": True})
    assert "stream" not in succeeded(short)
    assert "The stream is connected since 2026-11-18 11:06:40 UTC, quiet for 60 s." in text(short)
    assert succeeded(long)["stream"] == {
        "state": "connected",
        "connectedSince": "2026-11-18T11:06:40Z",
        "coveredSince": "2026-11-18T11:06:41Z",
        "lastEventAt": "2026-11-18T11:06:41Z",
        "urlForm": "/private/ws?listenKey=&events=",
        "delivers": True,
        "reconnects": 0,
        "eventsHeld": 1,
        "gaps": 1,
    }


async def test_what_a_connected_stream_withheld_is_counted_in_the_status(
    connect: Connect, sandbox: Sandbox, account: AccountKeys
) -> None:
    ledger = sandbox.ledger(account.api_key)
    async with connect(api_secret=account.api_secret, user_events=True) as client:
        await client.call_tool(CREATE, {})
        for _ in range(2):
            await anyio.sleep(600)
            ledger.trade("BTCUSDT", "BUY", 1, 100, withheld=True)
        await anyio.sleep(3 * 3600)
        status = await client.call_tool(STATUS, {"detail": True})
    assert succeeded(status)["stream"]["withheld"] == {
        "since": "2026-11-18T11:16:40Z",
        "fills": 2,
        "orders": 2,
    }
    assert (
        "Since 2026-11-18 11:16:40 UTC it withheld events: 2 fills and 2 order changes were read "
        "from Binance."
    ) in text(status)


async def test_nothing_is_reported_of_a_stream_that_is_off(connect: Connect) -> None:
    async with connect(user_events=False) as client:
        await client.call_tool(CREATE, {})
        status = await client.call_tool(STATUS, {"detail": True})
    assert "stream" not in succeeded(status)
    assert "stream" not in text(status)


async def test_the_health_check_reports_the_stream(serve: Serve) -> None:
    server = serve(user_events=True)
    assert server.health == {"status": "ok", "stream": None}
