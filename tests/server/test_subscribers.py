from typing import TYPE_CHECKING, cast

import anyio
import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError
from mcp.types import ResourceUpdatedNotification

from binance_mcp.server import subscribers
from tests.server.connections import CLOSE, CREATE, KEEPALIVE, STATUS, Hide, Serve, listed

if TYPE_CHECKING:
    from mcp.server.session import ServerSession

pytestmark = pytest.mark.anyio

URI = "binance://futures/listen-key"


async def test_an_ended_session_is_no_longer_notified(serve: Serve, hide: Hide) -> None:
    server = serve(policy=hide())
    async with Client(server, mode="legacy"):
        pass
    async with Client(server) as client:
        hide(CLOSE)
        await anyio.sleep(5)
        assert await listed(client) == [CREATE, KEEPALIVE, STATUS]


MADE_UP = "binance://made-up/" + "x" * 300


@pytest.mark.filterwarnings("ignore::mcp.shared.exceptions.MCPDeprecationWarning")
@pytest.mark.parametrize("uri", [MADE_UP, URI])
async def test_an_unreadable_resource_cannot_be_subscribed_to(
    serve: Serve, hide: Hide, uri: str
) -> None:
    async with Client(serve(policy=hide(STATUS)), mode="legacy") as client:
        for ask in (
            client.subscribe_resource,  # pyright: ignore[reportDeprecated]
            client.unsubscribe_resource,  # pyright: ignore[reportDeprecated]
        ):
            with pytest.raises(MCPError) as refused:
                await ask(uri)
            assert refused.value.error.code == -32602
            assert refused.value.error.data == {"uri": uri[:200]}


@pytest.mark.filterwarnings("ignore::mcp.shared.exceptions.MCPDeprecationWarning")
async def test_a_subscriber_is_not_notified_while_the_policy_hides_the_resource(
    serve: Serve, hide: Hide
) -> None:
    notified: list[object] = []

    async def notice(message: object) -> None:
        if isinstance(message, ResourceUpdatedNotification):
            notified.append(message)

    async with Client(serve(policy=hide()), mode="legacy", message_handler=notice) as client:
        await client.subscribe_resource(URI)  # pyright: ignore[reportDeprecated]
        await client.call_tool(CREATE, {})
        hide(STATUS)
        await anyio.sleep(2)
        await client.call_tool(KEEPALIVE, {})
        await anyio.sleep(1)
        hide()
        await anyio.sleep(2)
        await client.call_tool(KEEPALIVE, {})
        await anyio.sleep(1)
    assert len(notified) == 2


@pytest.mark.filterwarnings("ignore::mcp.shared.exceptions.MCPDeprecationWarning")
async def test_a_stalled_subscriber_does_not_delay_others(serve: Serve, hide: Hide) -> None:
    heard: list[float] = []

    async def stall(message: object) -> None:
        if isinstance(message, ResourceUpdatedNotification):
            await anyio.sleep_forever()

    async def notice(message: object) -> None:
        if isinstance(message, ResourceUpdatedNotification):
            heard.append(anyio.current_time())

    server = serve(policy=hide())
    stalled = Client(server, mode="legacy", message_handler=stall)
    honest = Client(server, mode="legacy", message_handler=notice)
    async with stalled, honest:
        for client in (stalled, honest):
            await client.subscribe_resource(URI)  # pyright: ignore[reportDeprecated]
        for _ in range(20):
            await honest.call_tool(CREATE, {})
        changed = anyio.current_time()
        await anyio.sleep(0.5)
    assert len(heard) == 20
    assert heard[-1] <= changed + 0.5


class Stalling:
    """A connection that takes no notification until it is let go."""

    def __init__(self) -> None:
        self.let_go = anyio.Event()
        self.told: list[str] = []

    async def send_resource_updated(self, uri: str) -> None:
        await self.let_go.wait()
        self.told.append(uri)


async def test_a_stalled_subscriber_gets_the_last_hundred_notifications() -> None:
    session = Stalling()
    client = subscribers._Client(cast("ServerSession", session))  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    async with anyio.create_task_group() as tasks:
        for number in range(150):
            uri = f"binance://{number}"
            client.notify(tasks, lambda one, uri=uri: one.send_resource_updated(uri))
        session.let_go.set()
    assert session.told == [f"binance://{number}" for number in range(50, 150)]


@pytest.mark.parametrize("uri", [MADE_UP, URI])
async def test_an_unreadable_resource_cannot_be_listened_to(
    serve: Serve, hide: Hide, uri: str
) -> None:
    async with Client(serve(policy=hide(STATUS))) as client:
        with pytest.raises(MCPError) as refused:
            async with client.listen(resource_subscriptions=[uri]):
                pass
        assert refused.value.error.code == -32602
        assert refused.value.error.data == {"uri": uri[:200]}
