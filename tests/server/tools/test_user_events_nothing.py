import anyio
import pytest

from binance_mcp.sandbox.app import AccountKeys, Sandbox
from tests.futures.user_stream.documented_events import fill
from tests.server.connections import CREATE, READ, Connect, succeeded, text

pytestmark = pytest.mark.anyio


async def test_without_events_it_is_told_whether_the_stream_had_a_break(
    connect: Connect, sandbox: Sandbox, account: AccountKeys
) -> None:
    async with connect(user_events=True) as client:
        succeeded(await client.call_tool(CREATE, {}))
        await anyio.sleep(1)
        sandbox.push(fill(1), api_key=account.api_key)
        await anyio.sleep(1)
        succeeded(await client.call_tool(READ, {}))
        quiet = await client.call_tool(READ, {})
        sandbox.push(fill(2), api_key=account.api_key)
        await anyio.sleep(1)
        left_out = await client.call_tool(READ, {"eventTypes": ["MARGIN_CALL"]})
        sandbox.drop_streams()
        await anyio.sleep(60)
        missed = await client.call_tool(READ, {})
    assert [text(each).splitlines()[0] for each in (quiet, left_out, missed)] == [
        "No events arrived; the stream had no break.",
        "No such events arrived; the stream had no break.",
        "No events arrived; whether something happened is not known.",
    ]
    assert "coveredSince" in succeeded(missed)
