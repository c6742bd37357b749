from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Final

import anyio
import anyio.lowlevel
import pytest
from starlette.types import Message, Receive, Scope, Send

from binance_mcp.futures.binance_error import InvalidListenKeyError
from binance_mcp.futures.http_client import http_client
from binance_mcp.futures.keeper import ListenKeyKeeper
from binance_mcp.futures.listen_key import State
from binance_mcp.futures.rest_api import RestApi
from binance_mcp.futures.schedule import Schedule
from binance_mcp.sandbox.app import Sandbox
from tests.simulation.storm.machine import Machine

pytestmark = pytest.mark.anyio

MOMENTS: Final = tuple(number / 10 + 0.05 for number in range(22))
"""In a request that arrives after a second, and is answered a second later; and after it."""
CALLS: Final = {
    "create": ListenKeyKeeper.create,
    "keepalive": ListenKeyKeeper.keepalive,
    "close": ListenKeyKeeper.close,
}


@pytest.fixture
def sandbox(machine: Machine) -> Sandbox:
    """Return one that answers at once: here, the way to it takes the time."""
    return Sandbox(answer_seconds=0, wall_clock=machine.wall_clock, steady_clock=machine.now)


@pytest.fixture
async def keeper(rest_api: RestApi, sandbox: Sandbox) -> AsyncGenerator[ListenKeyKeeper]:
    """Yield a keeper whose requests take a second to the sandbox, and one back."""

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_slowly(message: Message) -> None:
            if message["type"] == "http.response.start":
                await anyio.sleep(1)
            await send(message)

        await anyio.sleep(1)
        await sandbox(scope, receive, send_slowly)

    async with http_client("http://sandbox.invalid", app=slow) as http:
        yield ListenKeyKeeper(replace(rest_api, http=http), Schedule(), rng=lambda: 0.5)


async def call_for(seconds: float, keeper: ListenKeyKeeper, call: str) -> bool:
    """Call the keeper, and give up after a time; return whether it was in time."""
    with anyio.move_on_after(seconds) as scope:
        await CALLS[call](keeper)
    return not scope.cancelled_caught


async def is_active(keeper: ListenKeyKeeper, rest_api: RestApi) -> bool:
    """Return whether the keeper's key is the account's; the account's is then kept alive."""
    active = keeper.life.active
    assert active is not None
    try:
        return await rest_api.keepalive_listen_key() == active.key
    except InvalidListenKeyError:
        return False


@pytest.mark.parametrize("seconds", MOMENTS)
async def test_a_cancelled_create_can_be_repeated(
    keeper: ListenKeyKeeper, rest_api: RestApi, seconds: float
) -> None:
    is_done = await call_for(seconds, keeper, "create")
    assert is_done is (seconds > 2)
    assert keeper.life.state is (State.ACTIVE if is_done else State.NONE)

    with anyio.fail_after(3):
        await keeper.create()
    assert await is_active(keeper, rest_api)


@pytest.mark.parametrize("seconds", MOMENTS)
async def test_a_cancelled_keepalive_leaves_the_listen_key_unchanged(
    keeper: ListenKeyKeeper, rest_api: RestApi, seconds: float
) -> None:
    before = await keeper.create()
    is_done = await call_for(seconds, keeper, "keepalive")
    assert (keeper.life.active == before) is not is_done

    assert await is_active(keeper, rest_api)
    with anyio.fail_after(3):
        assert (await keeper.keepalive()).key == before.key


@pytest.mark.parametrize("seconds", MOMENTS)
async def test_the_next_keepalive_finds_the_outcome_of_a_cancelled_close(
    keeper: ListenKeyKeeper, rest_api: RestApi, seconds: float
) -> None:
    first = await keeper.create()
    if await call_for(seconds, keeper, "close"):
        assert keeper.life.state is State.CLOSED
        return
    assert keeper.life.active == first

    assert keeper.life.is_closing
    with anyio.fail_after(5):
        if seconds > 1:
            with pytest.raises(InvalidListenKeyError):
                await keeper.keepalive()
            assert keeper.life.state is State.CLOSED
            return
        assert (await keeper.keepalive()).key == first.key
    assert not keeper.life.is_closing
    assert await is_active(keeper, rest_api)


@pytest.mark.parametrize("seconds", MOMENTS)
@pytest.mark.parametrize("call", ["create", "close"])
async def test_a_cancelled_call_does_not_cancel_the_calls_that_wait_for_it(
    keeper: ListenKeyKeeper, rest_api: RestApi, call: str, seconds: float
) -> None:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(call_for, seconds, keeper, call)
        await anyio.lowlevel.checkpoint()
        tasks.start_soon(keeper.create)

    assert anyio.current_time() == pytest.approx(
        min(seconds, 2) + (call == "close" or seconds < 2) * 2
    )
    assert await is_active(keeper, rest_api)


@pytest.mark.parametrize("seconds", [number / 4 + 0.1 for number in range(18)])
async def test_a_keeper_stopped_during_a_rotation_completes_it_when_it_runs_again(
    keeper: ListenKeyKeeper, rest_api: RestApi, seconds: float
) -> None:
    first = await keeper.create()
    await rest_api.close_listen_key()
    assert keeper.next_keepalive_at == 1950
    with anyio.move_on_after(1950 + seconds - anyio.current_time()):
        await keeper.run()
    assert keeper.life.state is (State.EXPIRED if 2 < seconds < 4 else State.ACTIVE)

    with anyio.move_on_after(5):
        await keeper.run()
    assert await is_active(keeper, rest_api)
    assert [rotation.old for rotation in keeper.life.rotations] == [first.key]
