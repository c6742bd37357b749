import json
import os
import sys
from collections.abc import Generator
from typing import Any, Final

import pytest
from mcp import Client, StdioServerParameters

from tests.server.connections import CLOSE, CREATE, KEEPALIVE, Era
from tests.server.hosts import INITIALIZE, META, Host, running

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"  # real processes


def parameters() -> StdioServerParameters:
    return StdioServerParameters(
        command=sys.executable,
        args=["-m", "binance_mcp"],
        env={**os.environ, "BINANCE_ENVIRONMENT": "sandbox"},
    )


@pytest.fixture
def host() -> Generator[Host]:
    with running() as host:
        yield host


async def test_tools_can_be_listed_and_called_over_stdio(era: Era) -> None:
    async with Client(parameters(), mode=era) as client:
        assert len((await client.list_tools()).tools) == 6
        assert not (await client.call_tool(CREATE, {})).is_error
        assert not (await client.call_tool(KEEPALIVE, {})).is_error
        assert not (await client.call_tool(CLOSE, {})).is_error


async def test_the_61st_call_of_a_process_is_denied_and_another_process_is_not(era: Era) -> None:
    async with Client(parameters(), mode=era) as one, Client(parameters(), mode=era) as other:
        for _ in range(60):
            assert not (await one.call_tool(CREATE, {})).is_error
        denied = await one.call_tool(CREATE, {})
        assert denied.meta is not None
        assert denied.meta["binance-mcp/denial"]["retryAfterSeconds"] > 0
        assert not (await other.call_tool(CREATE, {})).is_error


@pytest.mark.parametrize("revision", ["2026-07-28", "2027-06-30"])
def test_a_host_may_send_server_discover_and_then_initialize(host: Host, revision: str) -> None:
    for _ in range(2):
        version = {"io.modelcontextprotocol/protocolVersion": revision}
        probed = host.request("server/discover", {"_meta": META | version})
        told = probed.get("result", {}).get("supportedVersions")
        assert (told or probed["error"]["data"]["supported"]) == ["2026-07-28"]
    assert host.initialize()["protocolVersion"] == "2025-11-25"
    assert len(host.request("tools/list", {})["result"]["tools"]) == 6


def test_a_host_may_send_server_discover_and_stay_in_its_protocol_revision(host: Host) -> None:
    host.request("server/discover", {"_meta": META})
    call = {"name": CREATE, "arguments": {}, "_meta": META}
    assert host.request("tools/call", call)["result"]["isError"] is False
    refused = host.request("initialize", INITIALIZE)
    assert refused["error"]["code"] == -32022


def test_a_first_server_discover_is_answered_as_the_sdk_answers_a_later_one(host: Host) -> None:
    version, capabilities, client = META
    probes: list[dict[str, Any]] = [
        META,
        {version: "2026-07-28"},
        {version: "2026-07-28", capabilities: 5},
        {version: "2026-07-28", capabilities: {}, client: 7},
        {version: "2027-06-30", capabilities: {}},
        {version: None, capabilities: {}},
    ]
    first = [host.request("server/discover", {"_meta": probe}) for probe in probes]
    host.request("tools/list", {"_meta": META})
    later = [host.request("server/discover", {"_meta": probe}) for probe in probes]
    assert [ids.pop("id") for ids in first + later]
    assert first == later
    codes = [answer.get("error", {}).get("code") for answer in first]
    assert codes == [None, -32602, -32602, -32602, -32022, -32602]


# Lines that are not messages


def test_a_line_that_is_not_a_message_is_answered_and_logged_and_the_next_served(
    host: Host,
) -> None:
    host.write("listenKey=secret\n")
    assert host.answer()["error"]["code"] == -32700
    host.send({"id": 7, "method": "tools/list", "params": []})
    assert (refused := host.answer())["error"]["code"] == -32600
    assert refused["id"] == 7
    host.send({"id": 7, "result": "of a request that the server never made"})
    host.initialize()
    assert host.leave() == []
    assert host.log.count("a line of standard input is refused: it is not") == 3
    assert "secret" not in host.log


def test_a_line_in_chunks_after_a_byte_order_mark_is_a_message(host: Host) -> None:
    line = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "ping", "params": {}})
    host.write("\ufeff" + line[:9])
    host.write(line[9:] + "\n")
    assert host.answer()["id"] == 1


ODD: Final = """
import anyio
from mcp.types import RequestParams
from binance_mcp.server.app import create_server
from binance_mcp.server.stdio import run_stdio
from binance_mcp.settings import Settings

async def odd(context, _):
    await context.session.send_resource_updated("odd://\\ud800")
    return {"text": "\\ud800"}

server = create_server(Settings(environment="sandbox"))
server.lowlevel.add_request_handler("odd", RequestParams, odd)
anyio.run(run_stdio, server)
"""


def test_a_result_that_json_cannot_represent_is_an_error_and_does_not_end_the_server() -> None:
    with running("-c", ODD) as host:
        host.initialize()
        assert host.request("odd", {})["error"]["code"] == -32603
        assert host.request("ping", {})["result"] == {}
        assert host.leave() == []
