import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, MCPError
from mcp.types import PromptReference, TextContent

from binance_mcp.sandbox.app import AccountKeys, Sandbox
from tests.futures.user_stream.documented_events import fill
from tests.server.connections import CLOSE, CREATE, READ, SNAPSHOT, STATUS, Connect, Hide

pytestmark = pytest.mark.anyio

WATCH = "watch-my-account"
REFUSED = "why-was-i-refused"
MISSED = "what-did-i-miss"


async def prompts(client: Client) -> list[str]:
    return [prompt.name for prompt in (await client.list_prompts()).prompts]


async def said(client: Client, name: str, **arguments: str) -> str:
    (message,) = (await client.get_prompt(name, arguments)).messages
    assert message.role == "user"
    assert isinstance(message.content, TextContent)
    return message.content.text


async def completed(client: Client, name: str, argument: str, typed: str = "") -> list[str]:
    found = await client.complete(PromptReference(name=name), {"name": argument, "value": typed})
    return found.completion.values


async def test_prompts_and_completions_are_declared_and_listed(connect: Connect) -> None:
    async with connect(user_events=True) as client:
        assert client.server_capabilities
        assert client.server_capabilities.prompts is not None
        assert client.server_capabilities.completions is not None
        assert await prompts(client) == [WATCH, REFUSED, MISSED]


async def test_the_list_of_prompts_is_small(connect: Connect) -> None:
    async with connect(user_events=True) as client:
        listed = (await client.list_prompts()).prompts
    found = [each.model_dump(mode="json", by_alias=True, exclude_none=True) for each in listed]
    assert len(json.dumps(found, separators=(",", ":"))) <= 900


async def test_a_prompt_names_the_snapshot_only_if_it_is_there(
    connect: Connect, account: AccountKeys
) -> None:
    async with connect(user_events=True) as client:
        assert SNAPSHOT not in await said(client, WATCH)
    async with connect(user_events=True, api_secret=account.api_secret) as client:
        assert SNAPSHOT in await said(client, WATCH)


async def test_without_events_only_the_refusal_can_be_asked_about(connect: Connect) -> None:
    async with connect(user_events=False) as client:
        assert await prompts(client) == [REFUSED]


async def test_a_prompt_whose_tool_is_hidden_does_not_exist(connect: Connect, hide: Hide) -> None:
    async with connect(user_events=True, policy=hide(STATUS)) as client:
        assert await prompts(client) == [WATCH, MISSED]
        with pytest.raises(MCPError, match=f"^Unknown prompt: {REFUSED}$"):
            await client.get_prompt(REFUSED)
        with pytest.raises(MCPError, match=f"^Unknown prompt: {REFUSED}$"):
            await completed(client, REFUSED, "tool")


async def test_a_hidden_tool_is_neither_named_nor_suggested_nor_explained(
    connect: Connect, hide: Hide
) -> None:
    async with connect(user_events=True, policy=hide(CREATE, CLOSE)) as client:
        assert CREATE not in await said(client, WATCH)
        assert CLOSE not in await completed(client, REFUSED, "tool")
        with pytest.raises(MCPError, match=f"^Unknown tool: {CLOSE}$") as refused:
            await client.get_prompt(REFUSED, {"tool": CLOSE})
    assert refused.value.error.code == -32602


async def test_arguments_are_filled_in(connect: Connect) -> None:
    async with connect(user_events=True) as client:
        assert "BTCUSDT only" in await said(client, WATCH, symbol="BTCUSDT")
        assert f"a call of {CLOSE}" in await said(client, REFUSED, tool=CLOSE)


Trade = Callable[[Client], Awaitable[None]]


@pytest.fixture
def trade(sandbox: Sandbox, account: AccountKeys) -> Trade:
    """Let fills in two symbols arrive, that of ETHUSDT last."""

    async def arrive(client: Client) -> None:
        await client.call_tool(CREATE, {})
        await anyio.sleep(1)
        for number, symbol in enumerate(("BTCUSDT", "ETHUSDT")):
            sandbox.push(fill(number, s=symbol), api_key=account.api_key)
        await anyio.sleep(1)

    return arrive


async def test_the_symbols_of_the_events_are_suggested_newest_first(
    connect: Connect, trade: Trade
) -> None:
    async with connect(user_events=True) as client:
        assert await completed(client, WATCH, "symbol") == []
        await trade(client)
        assert await completed(client, WATCH, "symbol") == ["ETHUSDT", "BTCUSDT"]
        assert await completed(client, WATCH, "symbol", "b") == ["BTCUSDT"]


async def test_the_symbols_of_open_orders_are_suggested_without_any_event(
    connect: Connect, sandbox: Sandbox, account: AccountKeys
) -> None:
    sandbox.ledger(account.api_key).place_order("BNBUSDT", "SELL", 2, 4000)
    async with connect(user_events=True, api_secret=account.api_secret) as client:
        await client.call_tool(CREATE, {})
        await anyio.sleep(5)
        assert await completed(client, WATCH, "symbol") == ["BNBUSDT"]


ONE_SYMBOL: dict[str, Any] = {
    "require": [{"conditions": [{"path": "args.symbol", "op": "eq", "value": "BTCUSDT"}]}]
}


@pytest.mark.parametrize(
    ("rule", "shown"),
    [
        ({"action": "deny"}, []),
        ({"action": "require_approval"}, []),
        (ONE_SYMBOL, ["BTCUSDT"]),
        ({"limits": [{"counter": "reads", "window": "day", "max": 1}]}, ["ETHUSDT", "BTCUSDT"]),
    ],
)
async def test_a_symbol_whose_events_may_not_be_read_is_not_suggested(
    connect: Connect, trade: Trade, tmp_path: Path, rule: dict[str, Any], shown: list[str]
) -> None:
    policy = tmp_path / "policy.json"
    policy.write_text(json.dumps({"version": "1", "default": "allow", "tools": {READ: rule}}))
    async with connect(user_events=True, policy=policy) as client:
        await trade(client)
        for _ in range(3):  # suggesting is not a call: it does not count
            assert await completed(client, WATCH, "symbol") == shown
