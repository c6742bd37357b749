import json
from collections.abc import Callable
from pathlib import Path

import anyio
import pytest
from mcp import Client

from binance_mcp.errors import PolicyError, SettingsError
from binance_mcp.sandbox.app import Sandbox
from binance_mcp.server.app import create_server
from binance_mcp.settings import Settings
from tests.server.connections import (
    CLOSE,
    CREATE,
    KEEPALIVE,
    STATUS,
    Connect,
    Era,
    Serve,
    denial,
    text,
)

pytestmark = pytest.mark.anyio


@pytest.fixture
def write_policy(tmp_path: Path) -> Callable[[object], Path]:
    def write(document: object) -> Path:
        path = tmp_path / "policy.json"
        path.write_text(json.dumps(document), encoding="utf-8")
        return path

    return write


async def test_the_61st_call_within_a_minute_is_denied_until_the_window_has_moved(
    connect: Connect, sandbox: Sandbox
) -> None:
    async with connect() as client:
        for _ in range(60):
            assert not (await client.call_tool(CREATE, {})).is_error
            await anyio.sleep(0.5)
        denied = await client.call_tool(CREATE, {})
        refusal = denial(denied)
        await anyio.sleep(refusal["retryAfterSeconds"])
        admitted = await client.call_tool(CREATE, {})
    assert text(denied).startswith("[POLICY DENIED] At most 60 calls per minute per session")
    assert refusal["rule"] == f"/tools/{CREATE}/limits/0"
    assert refusal["retryAfterSeconds"] == pytest.approx(60 - 60 * 0.55, abs=0.01)
    assert not admitted.is_error
    assert len(sandbox.requests) == 61


async def test_the_limit_of_one_tool_does_not_affect_other_tools(connect: Connect) -> None:
    async with connect() as client:
        kept = [await client.call_tool(KEEPALIVE, {}) for _ in range(61)]
        other = await client.call_tool(CREATE, {})
    assert denial(kept[-1])
    assert not other.is_error


async def test_failed_calls_count_against_the_limit(connect: Connect, sandbox: Sandbox) -> None:
    async with connect() as client:
        closed = [await client.call_tool(CLOSE, {"listenKey": 5}) for _ in range(61)]
    assert text(closed[-1]).startswith("[POLICY DENIED] ")
    assert sandbox.requests == ()


async def test_a_hidden_tool_is_not_listed_and_its_calls_are_answered_like_an_unknown_tool(
    connect: Connect, write_policy: Callable[[object], Path]
) -> None:
    policy = write_policy({"version": "1", "default": "allow", "hide": [CLOSE]})
    async with connect(policy=policy) as client:
        listed = [tool.name for tool in (await client.list_tools()).tools]
        hidden = await client.call_tool(CLOSE, {})
        unknown = await client.call_tool("Nonsense", {})
    assert listed == [CREATE, KEEPALIVE, STATUS]
    assert hidden.is_error
    assert text(hidden) == f"Unknown tool: {CLOSE}"
    assert text(unknown) == "Unknown tool: Nonsense"


async def test_a_tool_that_the_policy_does_not_list_is_denied(
    connect: Connect, write_policy: Callable[[object], Path], sandbox: Sandbox
) -> None:
    policy = write_policy({"version": "1", "default": "deny", "tools": {CREATE: {}}})
    async with connect(policy=policy) as client:
        allowed = await client.call_tool(CREATE, {})
        denied = await client.call_tool(CLOSE, {})
    assert not allowed.is_error
    assert text(denied).startswith("[POLICY DENIED] ")
    assert denial(denied)["code"] == "not_listed"
    assert [request.method for request in sandbox.requests] == ["POST"]


async def test_an_unknown_argument_is_refused_by_name(connect: Connect, sandbox: Sandbox) -> None:
    async with connect() as client:
        result = await client.call_tool(CREATE, {"recWindow": 5000, "symbol": "BTCUSDT"})
    assert result.is_error
    assert text(result) == (f"Unknown arguments: recWindow, symbol. {CREATE} takes: recvWindow.")
    assert sandbox.requests == ()


async def test_without_an_api_key_tools_are_listed_and_a_call_names_the_variable_to_set(
    connect: Connect, sandbox: Sandbox
) -> None:
    async with connect(api_key=None) as client:
        assert len((await client.list_tools()).tools) == 4
        result = await client.call_tool(CREATE, {})
    assert result.is_error
    assert "BINANCE_API_KEY" in text(result)
    assert sandbox.requests == ()


async def test_a_crash_is_reported_to_the_model_without_details(era: Era) -> None:
    async def crashing_exchange(*_: object) -> None:
        raise KeyError("what went wrong inside")

    settings = Settings(api_key="k" * 64, environment="sandbox")  # pyright: ignore[reportArgumentType]
    server = create_server(settings, sandbox=crashing_exchange)
    async with Client(server, mode=era) as client:
        result = await client.call_tool(CREATE, {})
    assert result.is_error
    assert text(result).startswith("The call failed because of a bug in this server")


async def test_the_sandbox_environment_needs_neither_account_nor_network(era: Era) -> None:
    async with Client(create_server(Settings(environment="sandbox")), mode=era) as client:
        created = await client.call_tool(CREATE, {})
        closed = await client.call_tool(CLOSE, {})
    assert created.structured_content is not None
    assert created.structured_content["environment"] == "sandbox"
    assert closed.structured_content == {
        "environment": "sandbox",
        "closed": True,
        "wasActive": True,
    }


async def test_a_tool_call_outside_of_a_request_is_refused(serve: Serve) -> None:
    with pytest.raises(ValueError, match=r"outside of a request"):
        await serve().call_tool(CREATE, {})


def test_an_invalid_policy_prevents_creating_the_server(
    serve: Serve, write_policy: Callable[[object], Path]
) -> None:
    with pytest.raises(PolicyError):
        serve(policy=write_policy({"version": "2"}))


def test_an_unusable_private_key_prevents_creating_the_server(
    serve: Serve,
) -> None:
    with pytest.raises(SettingsError, match=r"^BINANCE_PRIVATE_KEY: "):
        serve(private_key="nonsense")


async def test_the_server_reports_its_name_version_and_instructions(connect: Connect) -> None:
    async with connect() as client:
        assert client.server_info
        assert client.server_info.name == "binance-mcp"
        assert client.server_info.version
        assert "every 30-50 minutes" in (client.instructions or "")


async def test_calls_of_unknown_tools_are_limited(connect: Connect, tmp_path: Path) -> None:
    policy = tmp_path / "policy.json"
    limit = {"counter": "all", "window": "minute", "max": 3}
    policy.write_text(
        json.dumps({"version": "1", "default": "deny", "all_tools": {"limits": [limit]}})
    )
    async with connect(policy=policy) as client:
        results = [await client.call_tool("n" * 1000, {}) for _ in range(4)]
    assert {text(result) for result in results[:3]} == {"Unknown tool: nnnn…"}
    assert denial(results[3])["code"] == "limit_exceeded"
