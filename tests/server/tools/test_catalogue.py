import json
import os
from pathlib import Path

import pytest
from mcp.server.mcpserver.tools import Tool

from binance_mcp.sandbox.app import AccountKeys
from binance_mcp.server.tools.catalogue import all_tools, tool_arguments
from tests.server.connections import CLOSE, Connect

pytestmark = pytest.mark.anyio

SNAPSHOT = Path(__file__).with_name("tools.json")


async def test_the_listed_tools_are_those_of_the_snapshot(
    connect: Connect, account: AccountKeys
) -> None:
    async with connect(user_events=True, api_secret=account.api_secret) as client:
        listed = (await client.list_tools()).tools
    found = [tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in listed]
    if os.environ.get("UPDATE_SNAPSHOTS"):
        SNAPSHOT.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    assert found == json.loads(SNAPSHOT.read_text(encoding="utf-8")), (
        "the tools changed; if that is meant: "
        "UPDATE_SNAPSHOTS=1 pytest tests/server/tools/test_catalogue.py"
    )


@pytest.mark.parametrize("tool", all_tools(), ids=lambda tool: tool.name)
def test_a_tool_has_a_title_four_hints_and_an_output_schema(tool: Tool) -> None:
    assert tool.annotations
    hints = tool.annotations.model_dump(exclude={"title"})
    assert all(isinstance(hint, bool) for hint in hints.values())
    assert len(hints) == 4
    assert tool.title
    assert tool.output_schema
    assert tool.parameters["additionalProperties"] is False


async def test_the_list_of_tools_is_small(connect: Connect) -> None:
    async with connect() as client:
        result = await client.list_tools()
    found = result.model_dump(mode="json", by_alias=True, exclude_none=True)
    inputs = [{**tool} for tool in found["tools"]]
    for tool in inputs:
        del tool["outputSchema"]
    assert len(json.dumps(found, separators=(",", ":"))) <= 4400
    assert max(len(json.dumps(tool, separators=(",", ":"))) for tool in inputs) <= 600
    assert "anyOf" not in json.dumps(found)


async def test_the_snapshot_of_the_account_adds_little_to_the_list_of_tools(
    connect: Connect, account: AccountKeys
) -> None:
    sizes: list[int] = []
    for settings in ({}, {"api_secret": account.api_secret}):
        async with connect(**settings) as client:
            tools = (await client.list_tools()).model_dump(
                mode="json", by_alias=True, exclude_none=True
            )["tools"]
        sizes.append(len(json.dumps(tools, separators=(",", ":"))))
    assert sizes[1] - sizes[0] <= 1200


async def test_a_host_that_knows_the_hint_asks_a_person_before_the_key_is_closed(
    connect: Connect,
) -> None:
    async with connect() as client:
        listed = (await client.list_tools()).tools
    asking = [
        tool.name for tool in listed if (tool.meta or {}).get("anthropic/requiresUserInteraction")
    ]
    assert asking == [CLOSE]


def test_the_arguments_of_each_tool_are_named() -> None:
    assert tool_arguments()["BinanceFuturesKeepAliveListenKey"] == {"listenKey", "recvWindow"}
