import pytest

from binance_mcp.sandbox.app import Sandbox
from tests.server.connections import CLOSE, CREATE, KEEPALIVE, Connect, failure, text

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("recv_window", [0, 60_001, "soon", "5000", True, 1.5, [], {}])
async def test_a_bad_recv_window_is_refused_by_name(connect: Connect, recv_window: object) -> None:
    async with connect() as client:
        result = await client.call_tool(CREATE, {"recvWindow": recv_window})
    assert result.is_error
    assert text(result).startswith("Invalid arguments: recvWindow: ")
    assert "pydantic" not in text(result)


@pytest.mark.parametrize("given", ["null", "123", "true", "", '{"a": 1}', "[]"])
async def test_a_listen_key_is_compared_as_it_was_sent(
    connect: Connect, sandbox: Sandbox, given: str
) -> None:
    async with connect() as client:
        await client.call_tool(CREATE, {})
        result = await client.call_tool(CLOSE, {"listenKey": given})
    assert failure(result)["code"] == "listen_key_mismatch"
    assert [request.method for request in sandbox.requests] == ["POST"]


async def test_null_is_as_good_as_no_listen_key(connect: Connect) -> None:
    async with connect() as client:
        await client.call_tool(CREATE, {})
        assert not (await client.call_tool(KEEPALIVE, {"listenKey": None})).is_error
