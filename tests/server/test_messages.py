"""Messages that no client sends: none ends the server, and none gets a call past the policy."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import anyio
import httpx2 as httpx
import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from mcp.shared.message import SessionMessage
from mcp.types import jsonrpc_message_adapter
from trio.testing import MockClock

from binance_mcp.sandbox.app import Sandbox
from binance_mcp.server.app import create_server
from binance_mcp.server.http import http_app
from binance_mcp.settings import Settings
from tests.server.connections import CLOSE, CREATE, Connect, Serve

META: dict[str, object] = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
}
INITIALIZE = {
    "jsonrpc": "2.0",
    "id": "first",
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    },
}
INITIALIZED = '{"jsonrpc": "2.0", "method": "notifications/initialized"}'
LAST = {"jsonrpc": "2.0", "id": "last", "method": "tools/list", "params": {"_meta": META}}


def call(name: object, arguments: object) -> dict[str, Any]:
    params = {"name": name, "arguments": arguments, "_meta": META}
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}


def nested(depth: int) -> str:
    return "[" * depth + "]" * depth


CREATING = json.dumps(call(CREATE, {}))
NOT_ARGUMENTS: list[object] = [[], [1], "text", 5, True, [{}]]
NOT_NAMES: list[object] = [None, 5, [], {}, [CREATE]]
ODD = [
    json.dumps([call(CREATE, {})]),
    json.dumps([call(CREATE, {}), call(CLOSE, {})]),
    *(json.dumps(call(CREATE, odd)) for odd in NOT_ARGUMENTS),
    *(json.dumps(call(odd, {})) for odd in NOT_NAMES),
    CREATING.replace('"method"', '"Method"'),
    CREATING.replace('"name"', '"NAME"'),
    CREATING.replace('"method": ', '"Method": "ping", "method": '),
    CREATING.replace('"method": ', '"method": "ping", "method": '),
    CREATING.replace('"arguments": {}', f'"arguments": {{"recvWindow": {nested(5000)}}}'),
    CREATING.replace('"arguments": {}', f'"arguments": {{"recvWindow": {"9" * 5000}}}'),
    CREATING.replace('"arguments": {}', '"arguments": {"recvWindow": NaN}'),
    CREATING.replace('"arguments": {}', '"arguments": {"recvWindow": 1e999}'),
    CREATING.replace('"arguments": {}', r'"arguments": {"\ud800": "\udfff"}'),
    CREATING.replace('"jsonrpc": "2.0", ', ""),
    CREATING.replace('"id": 1', '"id": null'),
    CREATING.replace('"id": 1', '"id": [1]'),
    nested(100_000),
    "",
    "null",
    "\0",
]


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a policy that denies every call."""
    path = tmp_path_factory.mktemp("policy") / "policy.json"
    path.write_text('{"version": "1", "default": "deny"}')
    return path


async def await_the_last_answer(sandbox: Sandbox, policy: Path, lines: Iterable[str]) -> None:
    """Wait for what a server under a policy answers to a last request after these lines."""
    server = create_server(
        Settings(api_key="k" * 64, environment="sandbox", policy=policy),  # pyright: ignore[reportArgumentType]
        sandbox=sandbox,
    )
    to_server, from_host = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    to_host, from_server = anyio.create_memory_object_stream[SessionMessage](1000)
    options = server.lowlevel.create_initialization_options()
    with anyio.fail_after(60), from_server:
        async with anyio.create_task_group() as tasks, to_server:
            tasks.start_soon(server.lowlevel.run, from_host, to_host, options)
            for line in (*lines, json.dumps(LAST)):
                await to_server.send(read(line))
            while not is_last(await from_server.receive()):
                pass


def is_last(answer: SessionMessage) -> bool:
    return '"id":"last"' in answer.message.model_dump_json()


def read(line: str) -> SessionMessage | Exception:
    """Read a line as the SDK does over stdio."""
    try:
        return SessionMessage(jsonrpc_message_adapter.validate_json(line, by_name=False))
    except Exception as error:  # noqa: BLE001  # as the SDK does
        return error


def check(policy: Path, lines: Iterable[str]) -> None:
    sandbox = Sandbox()
    sandbox.new_account()
    clock = MockClock(autojump_threshold=0)
    trio.run(await_the_last_answer, sandbox, policy, lines, clock=clock)
    assert sandbox.requests == ()


@pytest.mark.parametrize("line", ODD, ids=lambda line: line[:60])
@pytest.mark.parametrize(
    "opening", [[], [json.dumps(INITIALIZE), INITIALIZED]], ids=["later", "handshake"]
)
def test_a_malformed_message_neither_ends_the_server_nor_bypasses_the_policy(
    policy: Path, opening: list[str], line: str
) -> None:
    if opening:
        line = line.replace(f', "_meta": {json.dumps(META)}', "")
    check(policy, [*opening, line, line])


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from([CREATE, "tools/call", "2.0"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["jsonrpc", "id", "method", "params", "name", "arguments", "_meta"])
            | st.text(max_size=5),
            inner,
            max_size=6,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.text()
        | JSON.map(json.dumps)
        | st.builds(call, JSON, JSON).map(json.dumps)
        | st.builds(call, st.just(CREATE), JSON).map(json.dumps),
        max_size=8,
    )
)
def test_no_sequence_of_messages_ends_the_server_or_bypasses_the_policy(
    policy: Path, lines: list[str]
) -> None:
    check(policy, lines)


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@pytest.mark.parametrize("line", ODD, ids=lambda line: line[:60])
async def test_a_malformed_message_over_http_does_not_bypass_the_policy(
    serve: Serve, policy: Path, sandbox: Sandbox, line: str
) -> None:
    app = http_app(serve(policy=policy))
    headers = {
        "Accept": "application/json, text/event-stream",
        "Content-Type": "application/json",
        "MCP-Protocol-Version": "2026-07-28",
        "Mcp-Method": "tools/call",
        "Mcp-Name": CREATE,
    }
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http,
    ):
        response = await http.post("/mcp", content=line.encode("utf-8", "replace"), headers=headers)
        health = await http.get("/healthz")
    assert response.status_code < 500
    assert health.status_code == 200
    assert sandbox.requests == ()


@pytest.mark.anyio
async def test_a_call_that_waits_for_the_exchange_does_not_block_other_calls(
    connect: Connect, sandbox: Sandbox
) -> None:
    sandbox.arm("timeout", times=10)
    ended: list[str] = []
    async with connect() as client, anyio.create_task_group() as tasks:

        async def create() -> None:
            result = await client.call_tool(CREATE, {})
            ended.append("create failed" if result.is_error else "create succeeded")

        tasks.start_soon(create)
        await anyio.sleep(1)
        await client.list_tools()
        ended.append("listed")
    assert ended == ["listed", "create failed"]
