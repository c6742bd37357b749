import json
import os
import re
from datetime import datetime
from pathlib import Path

import anyio
import pytest
from mcp.server.mcpserver.tools import Tool
from mcp.shared.memory import create_client_server_memory_streams
from mcp.shared.message import SessionMessage
from mcp.types import CallToolResult, JSONRPCResponse, jsonrpc_message_adapter

from binance_mcp.clock import wall_clock
from binance_mcp.futures.sandbox.account import Account
from binance_mcp.futures.sandbox.app import Sandbox
from binance_mcp.policy.source import PolicySource
from binance_mcp.server.app import ListenKeyServer
from binance_mcp.server.calls import Calls
from binance_mcp.server.tools import listen_key_tools
from tests.server.connections import (
    CLOSE,
    CREATE,
    KEEPALIVE,
    STATUS,
    Connect,
    Serve,
    failure,
    succeeded,
    text,
)

pytestmark = pytest.mark.anyio

TOOLS = listen_key_tools(Calls(PolicySource(), None, wall_clock))
SNAPSHOT = Path(__file__).with_name("tools.json")


def sent(sandbox: Sandbox) -> list[str]:
    return [request.method for request in sandbox.requests]


def masked(key: str) -> str:
    return f"{key[:4]}…"


def as_a_host_gets_it(result: CallToolResult) -> str:
    """Return text and data as a model may be handed them."""
    return text(result) + json.dumps(result.structured_content, separators=(",", ":"))


async def test_the_listed_tools_are_those_of_the_snapshot(connect: Connect) -> None:
    async with connect() as client:
        listed = (await client.list_tools()).tools
    found = [tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in listed]
    if os.environ.get("UPDATE_SNAPSHOTS"):
        SNAPSHOT.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    assert found == json.loads(SNAPSHOT.read_text(encoding="utf-8")), (
        "the tools changed; if that is meant: UPDATE_SNAPSHOTS=1 pytest tests/server/test_tools.py"
    )


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_a_tool_has_a_title_four_hints_and_an_output_schema(tool: Tool) -> None:
    assert tool.annotations
    hints = tool.annotations.model_dump(exclude={"title"})
    assert all(isinstance(hint, bool) for hint in hints.values())
    assert len(hints) == 4
    assert tool.title
    assert tool.output_schema
    assert tool.parameters["additionalProperties"] is False


async def test_create_returns_the_accounts_key_its_expiry_and_its_stream(
    connect: Connect, sandbox: Sandbox
) -> None:
    async with connect() as client:
        result = await client.call_tool(CREATE, {})
        again = await client.call_tool(CREATE, {})
    created = succeeded(result)
    key = created["listenKey"]
    assert len(key) == 64
    assert created["environment"] == "sandbox"
    assert created["expiresInSeconds"] == pytest.approx(3600, abs=1)
    url = created["webSocketUrl"]
    assert url.startswith("ws://sandbox.invalid/private/ws?listenKey=<listenKey>&events=")
    assert "listenKeyExpired" in url
    assert as_a_host_gets_it(result).count(key) == 1
    assert succeeded(again)["listenKey"] == key
    assert sent(sandbox) == ["POST", "POST"]


async def test_the_expiry_is_told_in_wall_time(connect: Connect) -> None:
    async with connect() as client:
        created = succeeded(await client.call_tool(CREATE, {}))
    expires = datetime.fromisoformat(created["expiresAt"])
    assert expires.timestamp() == pytest.approx(1_795_003_600, abs=2)


async def test_keepalive_extends_the_key_by_60_minutes(connect: Connect) -> None:
    async with connect() as client:
        created = succeeded(await client.call_tool(CREATE, {}))
        await anyio.sleep(2400)
        kept = succeeded(await client.call_tool(KEEPALIVE, {"listenKey": created["listenKey"]}))
        await anyio.sleep(2400)
        assert not (await client.call_tool(KEEPALIVE, {})).is_error
    assert kept["listenKey"] == masked(created["listenKey"])
    gained = datetime.fromisoformat(kept["expiresAt"]) - datetime.fromisoformat(
        created["expiresAt"]
    )
    assert gained.total_seconds() == pytest.approx(2400, abs=2)


async def test_a_key_that_was_not_kept_alive_is_told_as_lost(connect: Connect) -> None:
    async with connect(auto_keepalive=False) as client:
        created = await client.call_tool(CREATE, {})
        await anyio.sleep(3601)
        result = await client.call_tool(KEEPALIVE, {})
    assert "Keep it alive every 30-50 minutes" in text(created)
    assert result.is_error
    assert CREATE in text(result)
    assert failure(result)["code"] == "invalid_listen_key"


async def test_close_ends_the_key_and_closing_again_finds_nothing(
    connect: Connect, sandbox: Sandbox
) -> None:
    async with connect() as client:
        created = succeeded(await client.call_tool(CREATE, {}))
        closed = succeeded(await client.call_tool(CLOSE, {"listenKey": created["listenKey"]}))
        again = succeeded(await client.call_tool(CLOSE, {}))
        fresh = succeeded(await client.call_tool(CREATE, {}))
    assert closed == {"environment": "sandbox", "closed": True, "wasActive": True}
    assert again == {"environment": "sandbox", "closed": True, "wasActive": False}
    assert fresh["listenKey"] != created["listenKey"]
    assert sent(sandbox) == ["POST", "DELETE", "DELETE", "POST"]


@pytest.mark.parametrize("tool", [KEEPALIVE, CLOSE])
async def test_a_listen_key_that_is_not_the_accounts_is_refused_before_anything_is_sent(
    connect: Connect, sandbox: Sandbox, tool: str
) -> None:
    async with connect() as client:
        await client.call_tool(CREATE, {})
        result = await client.call_tool(tool, {"listenKey": "a" * 64})
    assert result.is_error
    assert "Leave out listenKey" in text(result)
    assert sent(sandbox) == ["POST"]


async def test_no_listen_key_is_ever_sent_to_binance(connect: Connect, sandbox: Sandbox) -> None:
    async with connect() as client:
        created = succeeded(await client.call_tool(CREATE, {}))
        for tool in (KEEPALIVE, CLOSE):
            await client.call_tool(tool, {"listenKey": created["listenKey"]})
    assert [(request.query, request.body) for request in sandbox.requests] == [("", "")] * 3


async def test_recv_window_goes_into_a_signed_request_in_milliseconds(
    connect: Connect, sandbox: Sandbox, account: Account
) -> None:
    async with connect(api_secret=account.api_secret) as client:
        succeeded(await client.call_tool(CREATE, {"recvWindow": 1234}))
        succeeded(await client.call_tool(KEEPALIVE, {"recvWindow": None}))
    first, second = (request.query for request in sandbox.requests)
    assert "&recvWindow=1234&" in first
    assert "&recvWindow=5000&" in second


@pytest.mark.parametrize("recv_window", [0, 60_001, "soon", "5000", True, 1.5, [], {}])
async def test_a_bad_recv_window_is_refused_by_name(connect: Connect, recv_window: object) -> None:
    async with connect() as client:
        result = await client.call_tool(CREATE, {"recvWindow": recv_window})
    assert result.is_error
    assert text(result).startswith("Invalid arguments: recvWindow: ")
    assert "pydantic" not in text(result)


async def test_a_created_key_is_kept_alive_without_being_asked_for(
    connect: Connect, sandbox: Sandbox
) -> None:
    async with connect() as client:
        created = await client.call_tool(CREATE, {})
        await anyio.sleep(4 * 3600)
        kept = await client.call_tool(KEEPALIVE, {})
    assert "This server keeps it alive automatically." in text(created)
    assert succeeded(created)["automaticKeepalive"] is True
    assert succeeded(kept)["listenKey"] == masked(succeeded(created)["listenKey"])
    assert sent(sandbox).count("POST") == 1
    assert sent(sandbox).count("PUT") in range(7, 10)


async def test_a_hidden_listen_key_is_masked_and_everything_else_works(
    connect: Connect, sandbox: Sandbox
) -> None:
    async with connect(reveal_listen_key=False) as client:
        created = await client.call_tool(CREATE, {})
        kept = await client.call_tool(KEEPALIVE, {})
        status = await client.call_tool(STATUS, {})
        contents = await client.read_resource("binance://futures/listen-key")
        closed = await client.call_tool(CLOSE, {})
    shown = succeeded(created)["listenKey"]
    assert len(shown) == 5
    assert shown.endswith("…")
    for answer in (created, kept, status, contents, closed):
        assert not re.search(r"[A-Za-z0-9]{40}", answer.model_dump_json())
    assert sent(sandbox) == ["POST", "PUT", "DELETE"]


async def test_the_list_of_tools_is_small(connect: Connect) -> None:
    async with connect() as client:
        listed = (await client.list_tools()).tools
    found = [tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in listed]
    inputs = [{**tool} for tool in found]
    for tool in inputs:
        del tool["outputSchema"]
    assert len(json.dumps(found, separators=(",", ":"))) <= 4400
    assert max(len(json.dumps(tool, separators=(",", ":"))) for tool in inputs) <= 600
    assert "anyOf" not in json.dumps(found)


async def test_results_are_short(connect: Connect) -> None:
    async with connect() as client:
        results = [await client.call_tool(tool, {}) for tool in (CREATE, KEEPALIVE, STATUS)]
        await client.call_tool(CLOSE, {})
    assert [
        len(as_a_host_gets_it(result)) <= most
        for result, most in zip(results, (700, 450, 800), strict=True)
    ] == [True] * 3
    assert all("null" not in as_a_host_gets_it(result) for result in results)


async def test_a_host_that_knows_the_hint_asks_a_person_before_the_key_is_closed(
    connect: Connect,
) -> None:
    async with connect() as client:
        listed = (await client.list_tools()).tools
    asking = [
        tool.name for tool in listed if (tool.meta or {}).get("anthropic/requiresUserInteraction")
    ]
    assert asking == [CLOSE]


@pytest.mark.parametrize("given", ["null", "123", "true", "", '{"a": 1}', "[]"])
async def test_a_listen_key_is_compared_as_it_was_sent(
    connect: Connect, sandbox: Sandbox, given: str
) -> None:
    async with connect() as client:
        await client.call_tool(CREATE, {})
        result = await client.call_tool(CLOSE, {"listenKey": given})
    assert failure(result)["code"] == "listen_key_mismatch"
    assert sent(sandbox) == ["POST"]


async def test_null_is_as_good_as_no_listen_key(connect: Connect) -> None:
    async with connect() as client:
        await client.call_tool(CREATE, {})
        assert not (await client.call_tool(KEEPALIVE, {"listenKey": None})).is_error


async def test_a_revision_of_mcp_without_data_has_the_listen_key_in_the_text(
    serve: Serve,
) -> None:
    results = {
        revision: await first_created(serve(), revision)
        for revision in ("2025-03-26", "2025-06-18")
    }
    assert re.search(r"Listen key: [A-Za-z0-9]{64}\. URL: ws://", results["2025-03-26"])
    assert not re.search(r"[A-Za-z0-9]{64}", results["2025-06-18"])


async def first_created(server: ListenKeyServer, revision: str) -> str:
    """Return the text of what a client of a revision with a handshake creates."""
    options = server.lowlevel.create_initialization_options()
    async with (
        create_client_server_memory_streams() as (host, served),
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(server.lowlevel.run, *served, options)
        for line in (
            request(1, "initialize", protocolVersion=revision, capabilities={}, clientInfo=CLIENT),
            {"jsonrpc": "2.0", "method": "notifications/initialized"},
            request(2, "tools/call", name=CREATE, arguments={}),
        ):
            await host[1].send(SessionMessage(jsonrpc_message_adapter.validate_python(line)))
        await host[0].receive()
        answer = await host[0].receive()
        tasks.cancel_scope.cancel()
        assert isinstance(answer, SessionMessage)
        assert isinstance(answer.message, JSONRPCResponse)
        return answer.message.result["content"][0]["text"]
    raise AssertionError("unreachable")


CLIENT = {"name": "test", "version": "1"}


def request(number: int, method: str, **params: object) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
