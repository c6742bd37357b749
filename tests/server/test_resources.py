import json
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client
from mcp.client.subscriptions import ResourceUpdated
from mcp.shared.exceptions import MCPError
from mcp.types import ResourceUpdatedNotification, TextResourceContents

from binance_mcp.sandbox.app import AccountKeys, Sandbox
from tests.futures.user_stream.documented_events import fill
from tests.server.connections import CLOSE, CREATE, KEEPALIVE, STATUS, Connect, Serve, succeeded

pytestmark = pytest.mark.anyio

URI = "binance://futures/listen-key"


async def read(client: Client) -> dict[str, Any]:
    (content,) = (await client.read_resource(URI)).contents
    assert isinstance(content, TextResourceContents)
    assert content.mime_type == "application/json"
    return json.loads(content.text)


async def test_the_listen_key_status_can_be_read_as_a_resource(
    connect: Connect, sandbox: Sandbox
) -> None:
    async with connect() as client:
        (resource,) = (await client.list_resources()).resources
        before = await read(client)
        created = succeeded(await client.call_tool(CREATE, {}))
        after = await read(client)
        status = succeeded(await client.call_tool(STATUS, {"detail": True}))
    assert (resource.uri, resource.mime_type) == (URI, "application/json")
    assert before["state"] == "none"
    assert (after["state"], after["listenKey"]) == ("active", f"{created['listenKey'][:4]}…")
    assert after.keys() == status.keys() - {"remainingQuota", "tightestQuota"}
    assert len(sandbox.requests) == 1


async def test_an_unknown_resource_is_an_error(connect: Connect) -> None:
    async with connect() as client:
        with pytest.raises(MCPError) as refused:
            await client.read_resource("binance://futures/account")
    assert refused.value.code == -32602


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"hide": [STATUS]}, "Unknown resource"),
        ({"tools": {STATUS: {"action": "deny"}}}, "[POLICY DENIED]"),
        ({"tools": {STATUS: {"limits": [{"counter": "a", "window": "day", "max": 1}]}}}, None),
    ],
)
async def test_reading_the_resource_is_subject_to_the_policy_of_the_status_tool(
    connect: Connect, tmp_path: Path, rule: dict[str, Any], message: str | None
) -> None:
    policy = tmp_path / "policy.json"
    policy.write_text(json.dumps({"version": "1", "default": "allow", **rule}))
    async with connect(policy=policy) as client:
        if message is None:
            await read(client)
        with pytest.raises(MCPError) as refused:
            await read(client)
        listed = (await client.list_resources()).resources
    assert (message or "[POLICY DENIED] At most 1 call per day") in str(refused.value)
    assert bool(listed) is (message != "Unknown resource")


async def live(client: Client) -> None:
    """Make four changes, and calls that change nothing."""
    await client.call_tool(STATUS, {})
    await client.call_tool(CREATE, {})
    await client.call_tool(STATUS, {})
    await client.call_tool(KEEPALIVE, {})
    await client.call_tool(KEEPALIVE, {"listenKey": "nonsense"})
    await anyio.sleep(2200)  # one automatic keepalive
    await client.call_tool(CLOSE, {})
    await anyio.sleep(5)


async def test_a_listening_client_is_notified_once_of_every_status_change(serve: Serve) -> None:
    heard: list[object] = []

    async with (
        Client(serve()) as client,
        client.listen(resource_subscriptions=[URI]) as events,
        anyio.create_task_group() as tasks,
    ):

        async def hear() -> None:
            async for event in events:
                heard.append(event)  # noqa: PERF401  # it never ends by itself

        tasks.start_soon(hear)
        await live(client)
        tasks.cancel_scope.cancel()
    assert heard == [ResourceUpdated(uri=URI)] * 4


@pytest.mark.filterwarnings("ignore::mcp.shared.exceptions.MCPDeprecationWarning")
async def test_a_subscribed_session_is_notified_once_of_every_status_change(serve: Serve) -> None:
    heard: list[object] = []

    async def hear(message: object) -> None:
        heard.append(message)

    async with Client(serve(), mode="legacy", message_handler=hear) as client:
        assert client.server_capabilities.resources
        assert client.server_capabilities.resources.subscribe
        subscribe = client.subscribe_resource  # pyright: ignore[reportDeprecated]
        unsubscribe = client.unsubscribe_resource  # pyright: ignore[reportDeprecated]
        await subscribe(URI)
        await subscribe(URI)
        await live(client)
        await unsubscribe(URI)
        await client.call_tool(CREATE, {})
        await anyio.sleep(5)
    assert [type(message) for message in heard] == [ResourceUpdatedNotification] * 4


async def test_the_newest_events_are_a_resource(
    connect: Connect, sandbox: Sandbox, account: AccountKeys
) -> None:
    async with connect(user_events=True) as client:
        await client.call_tool(CREATE, {})
        await anyio.sleep(1)
        for number in range(60):
            sandbox.push(fill(number), api_key=account.api_key)
        await anyio.sleep(1)
        (contents,) = (await client.read_resource("binance://futures/user-events")).contents
    found = json.loads(contents.model_dump()["text"])
    assert [event["sequence"] for event in found["events"]] == list(range(11, 61))


async def test_many_events_are_one_notification(
    serve: Serve, sandbox: Sandbox, account: AccountKeys
) -> None:
    uri = "binance://futures/user-events"
    async with Client(serve(user_events=True)) as client:
        await client.call_tool(CREATE, {})
        await anyio.sleep(5)
        async with client.listen(resource_subscriptions=[uri]) as changes:
            for number in range(100):
                sandbox.push(fill(number), api_key=account.api_key)
            await anext(changes)
            with anyio.move_on_after(5) as quiet:
                for _ in range(2):
                    await anext(changes)
    assert quiet.cancelled_caught
