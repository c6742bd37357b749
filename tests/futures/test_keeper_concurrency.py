from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import anyio
import pytest

from binance_mcp.errors import BinanceError, UnavailableError
from binance_mcp.futures.keeper import ListenKeyKeeper
from binance_mcp.futures.listen_key import ActiveKey, State
from binance_mcp.futures.rest_api import RestApi
from binance_mcp.futures.sandbox.app import Sandbox

pytestmark = pytest.mark.anyio


@pytest.fixture
def keeper(rest_api: RestApi) -> ListenKeyKeeper:
    return ListenKeyKeeper(rest_api)


@dataclass
class Ends:
    """What became of calls made at the same time."""

    results: list[object] = field(default_factory=list[object])
    errors: list[BinanceError] = field(default_factory=list[BinanceError])

    async def of(self, call: Callable[[], Awaitable[object]]) -> None:
        try:
            self.results.append(await call())
        except BinanceError as error:
            self.errors.append(error)


def sent(sandbox: Sandbox) -> list[str]:
    return [f"{request.method} {request.status or 'lost'}" for request in sandbox.requests]


async def test_a_hundred_creates_at_once_cost_one_request(
    keeper: ListenKeyKeeper, sandbox: Sandbox
) -> None:
    ends = Ends()

    async with anyio.create_task_group() as tasks:
        for _ in range(100):
            tasks.start_soon(ends.of, keeper.create)

    assert sent(sandbox) == ["POST 200"]
    assert ends.results == [keeper.life.active] * 100


async def test_a_hundred_creates_at_once_share_a_failure(
    keeper: ListenKeyKeeper, sandbox: Sandbox
) -> None:
    sandbox.arm("http_503_-1001", times=5)
    ends = Ends()

    async with anyio.create_task_group() as tasks:
        for _ in range(100):
            tasks.start_soon(ends.of, keeper.create)

    assert sent(sandbox) == ["POST 503"] * 5
    assert ends.results == []
    assert [type(error) for error in ends.errors] == [UnavailableError] * 100


async def test_creates_one_after_the_other_are_not_shared(
    keeper: ListenKeyKeeper, sandbox: Sandbox
) -> None:
    for _ in range(3):
        await keeper.create()

    assert sent(sandbox) == ["POST 200"] * 3


async def test_a_create_behind_a_close_sends_its_own_request(
    keeper: ListenKeyKeeper, sandbox: Sandbox
) -> None:
    sandbox.arm("timeout")  # the first create takes its time
    ends = Ends()

    async with anyio.create_task_group() as tasks:
        for call in (keeper.create, keeper.close, keeper.create):
            tasks.start_soon(ends.of, call)
            await anyio.sleep(1)

    assert sent(sandbox) == ["POST lost", "POST 200", "DELETE 200", "POST 200"]
    first, closed, last = ends.results
    assert closed is True
    assert isinstance(first, ActiveKey)
    assert last == keeper.life.active != first


async def test_a_create_behind_a_keepalive_sends_its_own_request(
    keeper: ListenKeyKeeper, sandbox: Sandbox
) -> None:
    await keeper.create()
    sandbox.arm("timeout")
    ends = Ends()

    async with anyio.create_task_group() as tasks:
        for call in (keeper.keepalive, keeper.create):
            tasks.start_soon(ends.of, call)
            await anyio.sleep(1)

    assert sent(sandbox) == ["POST 200", "PUT lost", "PUT 200", "POST 200"]


async def test_a_cancelled_create_leaves_the_keeper_usable(
    keeper: ListenKeyKeeper, sandbox: Sandbox
) -> None:
    sandbox.arm("timeout")
    with anyio.move_on_after(1) as scope:
        await keeper.create()

    assert scope.cancelled_caught
    assert keeper.life.state is State.NONE
    await keeper.create()
    assert sent(sandbox) == ["POST lost", "POST 200"]


async def test_who_waited_for_a_cancelled_create_sends_a_request_of_its_own(
    keeper: ListenKeyKeeper, sandbox: Sandbox
) -> None:
    async def create_for(seconds: float) -> None:
        with anyio.move_on_after(seconds):
            await keeper.create()

    sandbox.arm("timeout")
    ends = Ends()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(create_for, 2.0)
        await anyio.sleep(1)
        tasks.start_soon(ends.of, keeper.create)

    assert anyio.current_time() == 2.05
    assert sent(sandbox) == ["POST lost", "POST 200"]
    assert ends.results == [keeper.life.active]
    assert keeper.life.state is State.ACTIVE
