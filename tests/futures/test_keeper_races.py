from collections.abc import Callable

import anyio
import pytest

from binance_mcp.futures.binance_error import InvalidListenKeyError, TimedOutError
from binance_mcp.futures.keeper import ListenKeyKeeper
from binance_mcp.futures.listen_key import ActiveKey, State
from binance_mcp.futures.rest_api import RestApi
from binance_mcp.sandbox.app import Sandbox

pytestmark = pytest.mark.anyio

Sent = Callable[[], list[str]]


@pytest.fixture
def keeper(keeper_at_work: ListenKeyKeeper) -> ListenKeyKeeper:
    return keeper_at_work


@pytest.fixture
async def rotating(keeper: ListenKeyKeeper, rest_api: RestApi, sandbox: Sandbox) -> ActiveKey:
    """Return the key that is lost, while the request for another one takes its time."""
    lost = await keeper.create()
    await rest_api.close_listen_key()
    sandbox.arm("timeout", method="POST")
    await anyio.sleep_until(1951)
    return lost


async def test_creates_during_a_rotation_share_its_request(
    keeper: ListenKeyKeeper, rotating: ActiveKey, sent: Sent
) -> None:
    results: list[ActiveKey] = []

    async def create() -> None:
        results.append(await keeper.create())

    async with anyio.create_task_group() as tasks:
        for _ in range(100):
            tasks.start_soon(create)

    assert sent()[2:] == ["PUT 400", "POST lost", "POST 200"]
    assert results == [keeper.life.active] * 100
    assert results[0].key != rotating.key


async def test_a_keepalive_during_a_rotation_shares_its_request(
    keeper: ListenKeyKeeper, rotating: ActiveKey, sent: Sent
) -> None:
    kept = await keeper.keepalive()

    assert sent()[2:] == ["PUT 400", "POST lost", "POST 200"]
    assert kept == keeper.life.active
    assert kept.key != rotating.key


async def test_a_close_during_a_rotation_closes_the_new_listen_key(
    keeper: ListenKeyKeeper, rotating: ActiveKey, sent: Sent
) -> None:
    assert rotating.key
    assert await keeper.close() is True
    await anyio.sleep(80_000)

    assert sent()[2:] == ["PUT 400", "POST lost", "POST 200", "DELETE 200"]
    assert keeper.life.state is State.CLOSED


async def test_an_automatic_keepalive_due_during_a_close_is_not_sent(
    keeper: ListenKeyKeeper, sandbox: Sandbox, sent: Sent
) -> None:
    await keeper.create()
    sandbox.arm("timeout", method="DELETE")
    await anyio.sleep_until(1949)

    assert await keeper.close() is True
    await anyio.sleep(80_000)

    assert sent() == ["POST 200", "DELETE lost", "DELETE 200"]


async def test_an_automatic_keepalive_due_during_another_keepalive_is_not_sent(
    keeper: ListenKeyKeeper, sandbox: Sandbox, sent: Sent
) -> None:
    await keeper.create()
    sandbox.arm("timeout", method="PUT")
    await anyio.sleep_until(1949)

    await keeper.keepalive()
    await anyio.sleep_until(1949 + 1949)

    assert sent() == ["POST 200", "PUT lost", "PUT 200"]


async def test_a_call_that_waits_for_others_still_times_out(
    keeper: ListenKeyKeeper, sandbox: Sandbox
) -> None:
    await keeper.create()
    sandbox.arm("timeout", times=1000)

    async def close() -> None:
        with pytest.raises(TimedOutError, match="did not answer within"):
            await keeper.close()

    async with anyio.create_task_group() as tasks:
        await anyio.sleep_until(1949)
        tasks.start_soon(close)
        await anyio.sleep_until(1951)  # the schedule's keepalive is behind it
        with pytest.raises(TimedOutError, match="did not answer earlier calls within 20 s"):
            await keeper.create()

    assert anyio.current_time() == 1971


async def test_a_keepalive_queued_after_a_close_finds_no_listen_key(
    keeper: ListenKeyKeeper, sandbox: Sandbox, sent: Sent
) -> None:
    await keeper.create()
    sandbox.arm("timeout", method="DELETE")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(keeper.close)
        await anyio.sleep(1)
        with pytest.raises(InvalidListenKeyError):
            await keeper.keepalive()

    assert sent() == ["POST 200", "DELETE lost", "DELETE 200", "PUT 400"]
    assert keeper.life.state is State.CLOSED
    assert keeper.next_keepalive_at is None
