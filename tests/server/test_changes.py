import anyio
import pytest
from mcp import Client
from mcp.client.subscriptions import PromptsListChanged, ResourcesListChanged, ToolsListChanged
from mcp.types import ToolListChangedNotification

from tests.server.connections import CLOSE, CREATE, KEEPALIVE, STATUS, Hide, Serve, listed

pytestmark = pytest.mark.anyio

ALL = [CREATE, KEEPALIVE, CLOSE, STATUS]


async def test_a_listening_client_is_notified_when_a_changed_policy_changes_the_tool_list(
    serve: Serve, hide: Hide
) -> None:
    async with Client(serve(policy=hide())) as client:
        assert await listed(client) == ALL
        async with client.listen(tools_list_changed=True) as events:
            hide(CLOSE)
            with anyio.fail_after(5):
                assert await anext(aiter(events)) == ToolsListChanged()
        assert await listed(client) == [CREATE, KEEPALIVE, STATUS]


async def test_a_session_is_notified_once_when_a_changed_policy_changes_the_tool_list(
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


async def test_no_notification_is_sent_when_a_changed_policy_keeps_the_tool_list(
    serve: Serve, hide: Hide
) -> None:
    notified: list[object] = []

    async def notice(message: object) -> None:
        notified.append(message)

    async with Client(serve(policy=hide()), mode="legacy", message_handler=notice):
        hide("AnotherServersTool")
        await anyio.sleep(5)
    assert notified == []


async def test_a_listening_client_is_notified_when_a_changed_policy_hides_the_resource(
    serve: Serve, hide: Hide
) -> None:
    async with (
        Client(serve(policy=hide())) as client,
        client.listen(resources_list_changed=True) as events,
    ):
        hide(CLOSE)  # whose tool has no resource
        await anyio.sleep(2)
        hide(STATUS)
        with anyio.fail_after(5):
            assert await anext(aiter(events)) == ResourcesListChanged()


async def test_a_listening_client_is_notified_when_a_changed_policy_hides_a_prompt(
    serve: Serve, hide: Hide
) -> None:
    async with (
        Client(serve(policy=hide())) as client,
        client.listen(prompts_list_changed=True) as events,
    ):
        hide(CLOSE)  # which no prompt needs
        await anyio.sleep(2)
        hide(STATUS)
        with anyio.fail_after(5):
            assert await anext(aiter(events)) == PromptsListChanged()
        assert (await client.list_prompts()).prompts == []
