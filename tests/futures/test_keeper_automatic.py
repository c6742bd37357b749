from collections.abc import AsyncGenerator, Callable
from itertools import cycle

import anyio
import pytest

from binance_mcp.futures.binance_error import BinanceError, InvalidListenKeyError
from binance_mcp.futures.keeper import ListenKeyKeeper
from binance_mcp.futures.listen_key import ActiveKey, State
from binance_mcp.futures.rest_api import RestApi
from binance_mcp.futures.schedule import Schedule
from binance_mcp.sandbox.app import Sandbox

pytestmark = pytest.mark.anyio

Sent = Callable[[], list[str]]


@pytest.fixture
def keeper(keeper_at_work: ListenKeyKeeper) -> ListenKeyKeeper:
    return keeper_at_work


@pytest.fixture
async def manual_keeper(rest_api: RestApi) -> AsyncGenerator[ListenKeyKeeper]:
    """Yield a keeper that has no schedule, and runs."""
    keeper = ListenKeyKeeper(rest_api)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(keeper.run)
        yield keeper
        tasks.cancel_scope.cancel()


async def test_no_keepalive_is_sent_before_there_is_a_listen_key(
    keeper: ListenKeyKeeper, sent: Sent
) -> None:
    await anyio.sleep(80_000)

    assert sent() == []
    assert keeper.next_keepalive_at is None


async def test_an_automatic_keepalive_is_sent_after_every_interval(
    keeper: ListenKeyKeeper, sent: Sent
) -> None:
    first = await keeper.create()
    assert keeper.next_keepalive_at == 1950

    await anyio.sleep(1949)
    assert sent() == ["POST 200"]
    await anyio.sleep(2)
    assert sent() == ["POST 200", "PUT 200"]
    assert keeper.life.active == ActiveKey(first.key, 0, 1950, 5550)
    assert keeper.next_keepalive_at == 3900

    await anyio.sleep(1950)
    assert sent() == ["POST 200", "PUT 200", "PUT 200"]


async def test_the_jitter_is_drawn_for_each_keepalive(keeper: ListenKeyKeeper) -> None:
    chances = cycle([0.0, 0.999])
    keeper.rng = lambda: next(chances)

    await keeper.create()
    assert keeper.next_keepalive_at == 1800
    await anyio.sleep(1801)
    assert keeper.next_keepalive_at == pytest.approx(1800 + 2099.7)


async def test_a_listen_key_created_by_another_program_is_kept_alive_too(
    keeper: ListenKeyKeeper, rest_api: RestApi, sent: Sent
) -> None:
    key = await rest_api.create_listen_key()
    assert (await keeper.keepalive()).key == key

    await anyio.sleep(1951)
    assert sent() == ["POST 200", "PUT 200", "PUT 200"]


@pytest.mark.parametrize("call", ["create", "keepalive"])
async def test_a_successful_call_postpones_the_next_automatic_keepalive(
    keeper: ListenKeyKeeper, sent: Sent, call: str
) -> None:
    await keeper.create()
    await anyio.sleep_until(1000)
    await {"create": keeper.create, "keepalive": keeper.keepalive}[call]()
    assert keeper.next_keepalive_at == 2950
    assert len(sent()) == 2

    await anyio.sleep(1949)
    assert len(sent()) == 2
    await anyio.sleep(2)
    assert len(sent()) == 3


async def test_a_failed_call_does_not_postpone_the_next_automatic_keepalive(
    keeper: ListenKeyKeeper, sandbox: Sandbox
) -> None:
    await keeper.create()
    await anyio.sleep(1000)
    sandbox.arm("http_451_0", times=2)

    for call in (keeper.create, keeper.keepalive):
        with pytest.raises(BinanceError):
            await call()

    assert keeper.next_keepalive_at == 1950
    assert keeper.life.failures == 0


async def test_a_close_stops_the_automatic_keepalives(keeper: ListenKeyKeeper, sent: Sent) -> None:
    await keeper.create()
    await anyio.sleep(1949)
    await keeper.close()
    assert keeper.next_keepalive_at is None

    await anyio.sleep(80_000)
    assert sent() == ["POST 200", "DELETE 200"]
    assert keeper.life.state is State.CLOSED


async def test_a_create_after_a_close_starts_the_automatic_keepalives_again(
    keeper: ListenKeyKeeper, sent: Sent
) -> None:
    await keeper.create()
    await keeper.close()
    await keeper.create()

    await anyio.sleep(1951)
    assert sent() == ["POST 200", "DELETE 200", "POST 200", "PUT 200"]


async def test_a_failed_close_does_not_stop_the_automatic_keepalives(
    keeper: ListenKeyKeeper, sandbox: Sandbox, sent: Sent
) -> None:
    await keeper.create()
    sandbox.arm("http_451_0")
    with pytest.raises(BinanceError):
        await keeper.close()

    await anyio.sleep(1951)
    assert sent() == ["POST 200", "DELETE 451", "PUT 200"]


async def test_without_a_schedule_the_expiry_of_the_listen_key_is_noticed(
    manual_keeper: ListenKeyKeeper, sent: Sent
) -> None:
    changes: list[tuple[float, State]] = []
    manual_keeper.listeners.append(
        lambda: changes.append((anyio.current_time(), manual_keeper.life.state))
    )
    await manual_keeper.create()

    await anyio.sleep(80_000)

    assert changes == [(0.05, State.ACTIVE), (3600, State.EXPIRED)]
    assert sent() == ["POST 200"]
    assert manual_keeper.next_keepalive_at is None


async def test_without_a_schedule_a_lost_listen_key_is_not_replaced(
    manual_keeper: ListenKeyKeeper, rest_api: RestApi, sent: Sent
) -> None:
    await manual_keeper.create()
    await rest_api.close_listen_key()

    with pytest.raises(InvalidListenKeyError):
        await manual_keeper.keepalive()

    assert manual_keeper.life.state is State.EXPIRED
    assert manual_keeper.next_keepalive_at is None
    await anyio.sleep(80_000)
    assert sent() == ["POST 200", "DELETE 200", "PUT 400"]


async def test_a_keepalive_does_not_create_a_listen_key_that_never_existed_or_was_closed(
    keeper: ListenKeyKeeper, sent: Sent
) -> None:
    with pytest.raises(InvalidListenKeyError):
        await keeper.keepalive()
    assert keeper.life.state is State.NONE

    await keeper.close()
    with pytest.raises(InvalidListenKeyError):
        await keeper.keepalive()
    assert keeper.life.state is State.CLOSED

    assert sent() == ["PUT 400", "DELETE 400", "PUT 400"]


async def test_a_short_keepalive_interval_holds_from_the_first_listen_key_on(
    rest_api: RestApi, sent: Sent
) -> None:
    keeper = ListenKeyKeeper(rest_api, Schedule(2.0, 0.0), validity=4.0)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(keeper.run)
        await anyio.sleep(1)
        assert (await keeper.create()).expires_at == 5
        await anyio.sleep(61)
        tasks.cancel_scope.cancel()

    assert sent() == ["POST 200"] + ["PUT 200"] * 30
