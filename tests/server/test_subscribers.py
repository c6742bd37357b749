import json
from collections.abc import Callable
from pathlib import Path

import anyio
import pytest
from mcp import Client
from mcp.client.subscriptions import ToolsListChanged
from mcp.types import ToolListChangedNotification

from tests.server.connections import CLOSE, CREATE, KEEPALIVE, STATUS, Serve

pytestmark = pytest.mark.anyio

ALL = [CREATE, KEEPALIVE, CLOSE, STATUS]

Hide = Callable[..., Path]


@pytest.fixture
def hide(tmp_path: Path) -> Hide:
    """Write a policy that hides these tools."""
    path = tmp_path / "policy.json"

    def write(*tools: str) -> Path:
        path.write_text(json.dumps({"version": "1", "default": "allow", "hide": tools}))
        return path

    return write


async def listed(client: Client) -> list[str]:
    return [tool.name for tool in (await client.list_tools()).tools]


async def test_a_listener_hears_when_a_changed_policy_shows_other_tools(
    serve: Serve, hide: Hide
) -> None:
    async with Client(serve(policy=hide())) as client:
        assert await listed(client) == ALL
        async with client.listen(tools_list_changed=True) as events:
            hide(CLOSE)
            with anyio.fail_after(5):
                assert await anext(aiter(events)) == ToolsListChanged()
        assert await listed(client) == [CREATE, KEEPALIVE, STATUS]


async def test_a_connection_is_notified_once_when_a_changed_policy_shows_other_tools(
    serve: Serve, hide: Hide
) -> None:
    notified: list[object] = []

    async def notice(message: object) -> None:
        notified.append(message)

    async with Client(serve(policy=hide()), mode="legacy", message_handler=notice) as client:
        assert client.server_capabilities.tools
        assert client.server_capabilities.tools.list_changed
        hide(CLOSE)
        await anyio.sleep(5)
        assert await listed(client) == [CREATE, KEEPALIVE, STATUS]
    assert [type(message) for message in notified] == [ToolListChangedNotification]


async def test_nothing_is_sent_when_a_changed_policy_shows_the_same_tools(
    serve: Serve, hide: Hide
) -> None:
    notified: list[object] = []

    async def notice(message: object) -> None:
        notified.append(message)

    async with Client(serve(policy=hide()), mode="legacy", message_handler=notice):
        hide("AnotherServersTool")
        await anyio.sleep(5)
    assert notified == []


async def test_a_connection_that_ended_is_forgotten(serve: Serve, hide: Hide) -> None:
    server = serve(policy=hide())
    async with Client(server, mode="legacy"):
        pass
    async with Client(server) as client:
        hide(CLOSE)
        await anyio.sleep(5)
        assert await listed(client) == [CREATE, KEEPALIVE, STATUS]
