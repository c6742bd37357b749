import json
import re
from datetime import UTC, datetime

import anyio
import pytest
from mcp.shared.memory import create_client_server_memory_streams
from mcp.shared.message import SessionMessage
from mcp.types import CallToolResult, JSONRPCResponse, jsonrpc_message_adapter

from binance_mcp.sandbox.app import AccountKeys, Sandbox
from binance_mcp.server.app import ListenKeyServer
from binance_mcp.server.tools.listen_key import KeptListenKey, care_sentence
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


def sent(sandbox: Sandbox) -> list[str]:
    return [request.method for request in sandbox.requests]


def masked(key: str) -> str:
    return f"{key[:4]}…"


def as_a_host_gets_it(result: CallToolResult) -> str:
    """Return text and data as a model may be handed them."""
    return text(result) + json.dumps(result.structured_content, separators=(",", ":"))


async def test_create_returns_the_accounts_key_its_expiry_and_its_stream(
    connect: Connect, sandbox: Sandbox
) -> None:
    async with connect(stream_url="wss://s.example") as client:
        result = await client.call_tool(CREATE, {})
        again = await client.call_tool(CREATE, {})
    created = succeeded(result)
    key = created["listenKey"]
    assert len(key) == 64
    assert created["environment"] == "sandbox"
    assert created["expiresInSeconds"] == pytest.approx(3600, abs=1)
    url = created["webSocketUrl"]
    assert url.startswith("wss://s.example/private/ws?listenKey=<listenKey>&events=")
    assert "listenKeyExpired" in url
    assert text(result).count(key) == 1  # for hosts that hand on the text only, and
    assert json.dumps(created).count(key) == 1  # for those that hand on the data
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
    assert "Call BinanceFuturesKeepAliveListenKey every 30-50 minutes." in text(created)
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
    connect: Connect, sandbox: Sandbox, account: AccountKeys
) -> None:
    async with connect(api_secret=account.api_secret) as client:
        succeeded(await client.call_tool(CREATE, {"recvWindow": 1234}))
        succeeded(await client.call_tool(KEEPALIVE, {"recvWindow": None}))
    first, second = (request.query for request in sandbox.requests)
    assert "&recvWindow=1234&" in first
    assert "&recvWindow=5000&" in second


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
    async with connect(reveal_listen_key="never") as client:
        created = await client.call_tool(CREATE, {})
        kept = await client.call_tool(KEEPALIVE, {})
        status = await client.call_tool(STATUS, {})
        contents = await client.read_resource("binance://futures/listen-key")
        closed = await client.call_tool(CLOSE, {})
    shown = succeeded(created)["listenKey"]
    assert len(shown) == 5
    assert shown.endswith("…")
    assert f"Listen key on sandbox: {shown} (the settings hide the rest), active" in text(created)
    assert "<listenKey>" not in text(created)
    for answer in (created, kept, status, contents, closed):
        assert not re.search(r"[A-Za-z0-9]{40}", answer.model_dump_json())
    assert sent(sandbox) == ["POST", "PUT", "DELETE"]


async def test_every_tool_shows_the_key_if_it_is_always_revealed(connect: Connect) -> None:
    async with connect(reveal_listen_key="always") as client:
        key = succeeded(await client.call_tool(CREATE, {}))["listenKey"]
        kept = succeeded(await client.call_tool(KEEPALIVE, {}))
        status = succeeded(await client.call_tool(STATUS, {"detail": True}))
        contents = await client.read_resource("binance://futures/listen-key")
    assert [kept["listenKey"], status["listenKey"]] == [key, key]
    assert key in contents.model_dump_json()


async def test_the_stream_of_a_sandbox_in_this_process_has_no_url(connect: Connect) -> None:
    async with connect() as client:
        created = await client.call_tool(CREATE, {})
    assert "webSocketUrl" not in succeeded(created)
    assert text(created).endswith(" Its stream is in this process only.")


async def test_results_are_short(connect: Connect) -> None:
    async with connect(environment="mainnet", user_events=True) as client:
        results = [await client.call_tool(tool, {}) for tool in (CREATE, KEEPALIVE, STATUS)]
        await client.call_tool(CLOSE, {})
    assert [
        len(as_a_host_gets_it(result)) <= most
        for result, most in zip(results, (700, 450, 800), strict=True)
    ] == [True] * 3
    assert all("null" not in as_a_host_gets_it(result) for result in results)


@pytest.mark.parametrize("revision", ["2024-11-05", "2025-03-26", "2025-06-18"])
async def test_the_text_alone_has_the_listen_key_and_its_stream(
    serve: Serve, revision: str
) -> None:
    assert re.fullmatch(
        r"Listen key on sandbox: [A-Za-z0-9]{64}, active until [-\d]{10} [:\d]{8} UTC\. "
        r"This server keeps it alive automatically\. Its stream: "
        r"wss://s\.example/private/ws\?listenKey=<listenKey>&events=<types>",
        await first_created(serve(stream_url="wss://s.example"), revision),
    )


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


@pytest.mark.parametrize(
    ("automatic", "sentence"),
    [
        (True, "This server keeps it alive automatically."),
        (False, "Call BinanceFuturesKeepAliveListenKey every 30-50 minutes."),
    ],
)
def test_it_is_told_who_keeps_the_key_alive(sentence: str, *, automatic: bool) -> None:
    result = KeptListenKey(
        environment="demo",
        listen_key="abcd…",
        expires_at=datetime(2026, 11, 18, 12, tzinfo=UTC),
        expires_in_seconds=3600,
        automatic_keepalive=automatic,
        events_missing_since=None,
    )
    assert care_sentence(result) == sentence
