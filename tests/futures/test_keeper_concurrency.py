from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from functools import partial

import anyio
import pytest

from binance_mcp.errors import BinanceMcpError, ListenKeyMismatchError
from binance_mcp.futures.binance_error import TimedOutError, UnavailableError
from binance_mcp.futures.keeper import ListenKeyKeeper
from binance_mcp.futures.listen_key import ActiveKey, State
from binance_mcp.futures.rest_api import RestApi
from binance_mcp.sandbox.app import Sandbox

pytestmark = pytest.mark.anyio


@pytest.fixture
def keeper(rest_api: RestApi) -> ListenKeyKeeper:
    return ListenKeyKeeper(rest_api)


@dataclass
class Ends:
    """What became of calls made at the same time."""

    results: list[object] = field(default_factory=list[object])
    errors: list[BinanceMcpError] = field(default_factory=list[BinanceMcpError])

    async def of(self, call: Callable[[], Awaitable[object]]) -> None:
        try:
            self.results.append(await call())
        except BinanceMcpError as error:
            self.errors.append(error)


def sent(sandbox: Sandbox) -> list[str]:
    return [f"{request.method} {request.status or 'lost'}" for request in sandbox.requests]


async def test_a_hundred_concurrent_creates_cost_one_request(
    keeper: ListenKeyKeeper, sandbox: Sandbox
) -> None:
    ends = Ends()

    async with anyio.create_task_group() as tasks:
        for _ in range(100):
            tasks.start_soon(ends.of, keeper.create)

    assert sent(sandbox) == ["POST 200"]
    assert ends.results == [keeper.life.active] * 100


async def test_a_hundred_concurrent_creates_share_a_failure(
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


async def test_consecutive_creates_do_not_share_a_request(
    keeper: ListenKeyKeeper, sandbox: Sandbox
) -> None:
    for _ in range(3):
        await keeper.create()

    assert sent(sandbox) == ["POST 200"] * 3


async def test_a_create_queued_after_a_close_sends_its_own_request(
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


async def test_a_create_queued_after_a_keepalive_sends_its_own_request(
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


async def test_a_create_that_waited_for_a_cancelled_one_sends_its_own_request(
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


async def test_a_hundred_concurrent_keepalives_cost_one_request(
    keeper: ListenKeyKeeper, sandbox: Sandbox
) -> None:
    await keeper.create()
    ends = Ends()

    async with anyio.create_task_group() as tasks:
        for _ in range(100):
            tasks.start_soon(ends.of, keeper.keepalive)

    assert sent(sandbox) == ["POST 200", "PUT 200"]
    assert ends.results == [keeper.life.active] * 100
    assert keeper.life.active is not None
    assert keeper.life.active.extended_at == 0.05


async def test_each_keepalive_that_shares_a_request_checks_its_own_listen_key(
    keeper: ListenKeyKeeper, rest_api: RestApi, sandbox: Sandbox
) -> None:
    key = (await rest_api.create_listen_key()).get_secret_value()
    ends = Ends()

    async with anyio.create_task_group() as tasks:
        for listen_key in (None, key, "another", key):
            tasks.start_soon(ends.of, partial(keeper.keepalive, listen_key))

    assert sent(sandbox) == ["POST 200", "PUT 200"]
    assert ends.results == [keeper.life.active] * 3
    assert [type(error) for error in ends.errors] == [ListenKeyMismatchError]


async def test_keepalives_with_different_parameters_do_not_share_a_failure(
    keeper: ListenKeyKeeper, sandbox: Sandbox
) -> None:
    await keeper.create()
    sandbox.arm("http_451_0")
    ends = Ends()

    async with anyio.create_task_group() as tasks:
        for recv_window in (0.001, 0.001, None, None):
            tasks.start_soon(ends.of, partial(keeper.keepalive, None, recv_window))
            await anyio.sleep(0.01)

    assert sent(sandbox) == ["POST 200", "PUT 451", "PUT 200"]
    assert (len(ends.errors), len(ends.results)) == (2, 2)


async def test_a_keepalive_queued_after_a_close_sends_its_own_request(
    keeper: ListenKeyKeeper, sandbox: Sandbox
) -> None:
    await keeper.create()
    sandbox.arm("timeout")
    ends = Ends()

    async with anyio.create_task_group() as tasks:
        for call in (keeper.keepalive, keeper.close, keeper.keepalive):
            tasks.start_soon(ends.of, call)
            await anyio.sleep(1)

    assert sent(sandbox)[1:] == ["PUT lost", "PUT 200", "DELETE 200", "PUT 400"]
    assert len(ends.errors) == 1


@pytest.mark.parametrize("seconds", [1.0, 5.0])
async def test_every_call_ends_within_four_timeouts_including_its_wait_for_others(
    rest_api: RestApi, sandbox: Sandbox, seconds: float
) -> None:
    keeper = ListenKeyKeeper(replace(rest_api, timeout=seconds))
    sandbox.arm("timeout", times=1000)
    ended: list[float] = []

    async def call(make: Callable[[], Awaitable[object]]) -> None:
        began = anyio.current_time()
        with pytest.raises(TimedOutError):
            await make()
        ended.append(anyio.current_time() - began)

    async with anyio.create_task_group() as tasks:
        for _ in range(10):
            for make in (keeper.create, keeper.keepalive, keeper.close):
                tasks.start_soon(call, make)
                await anyio.sleep(0.1)

    assert len(ended) == 30
    assert max(ended) <= 4 * seconds + 0.001


async def test_a_call_of_two_requests_ends_within_four_timeouts_too(
    keeper: ListenKeyKeeper, rest_api: RestApi, sandbox: Sandbox
) -> None:
    key = await rest_api.create_listen_key()
    sandbox.arm("timeout", times=3, method="PUT")
    sandbox.arm("timeout", times=100, method="DELETE")
    began = anyio.current_time()

    with pytest.raises(TimedOutError):
        await keeper.close(key.get_secret_value())

    assert anyio.current_time() - began <= 20.001
