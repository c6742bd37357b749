"""A machine that sleeps: its monotonic clock stands still, the listen key and bans do not."""

from collections.abc import Callable

import anyio
import pytest

from binance_mcp.futures.binance_error import IpBannedError
from binance_mcp.futures.keeper import ListenKeyKeeper
from binance_mcp.futures.listen_key import State
from binance_mcp.sandbox.app import Sandbox
from tests.simulation.storm.machine import Machine

pytestmark = pytest.mark.anyio

Sent = Callable[[], list[str]]
ANSWER = 0.05
"""What an answer takes."""


@pytest.fixture
def keeper(keeper_at_work: ListenKeyKeeper) -> ListenKeyKeeper:
    return keeper_at_work


async def test_a_listen_key_that_expired_during_sleep_is_replaced_at_wake_up(
    keeper: ListenKeyKeeper, machine: Machine, sent: Sent
) -> None:
    first = await keeper.create()
    await anyio.sleep(605)
    await machine.sleep(12 * 3600)
    assert keeper.life.state is State.EXPIRED

    await anyio.sleep(26)

    assert sent() == ["POST 200", "POST 200"]
    (rotation,) = keeper.life.rotations
    assert (rotation.old, rotation.missing_since) == (first.key, 0)
    assert rotation.at == pytest.approx(630 + ANSWER + 12 * 3600)


async def test_a_keepalive_missed_during_sleep_is_sent_at_wake_up(
    keeper: ListenKeyKeeper, machine: Machine, sent: Sent
) -> None:
    first = await keeper.create()
    await anyio.sleep(605)
    await machine.sleep(1800)
    await anyio.sleep(26)

    assert sent() == ["POST 200", "PUT 200"]
    assert keeper.life.active is not None
    assert keeper.life.active.key == first.key
    assert keeper.life.active.extended_at == pytest.approx(2430)
    assert keeper.life.rotations == ()


async def test_a_short_sleep_counts_towards_the_keepalive_interval(
    keeper: ListenKeyKeeper, machine: Machine, sent: Sent
) -> None:
    await keeper.create()
    await machine.sleep(1000)

    await anyio.sleep(949)
    assert sent() == ["POST 200"]
    await anyio.sleep(2)
    assert sent() == ["POST 200", "PUT 200"]


async def test_a_ban_that_ended_during_sleep_is_over(
    keeper: ListenKeyKeeper, machine: Machine, sandbox: Sandbox, sent: Sent
) -> None:
    await keeper.create()
    sandbox.arm("http_418_-1003", retry_after=3600, method="PUT")
    with pytest.raises(IpBannedError):
        await keeper.keepalive()
    assert keeper.stopped_until == pytest.approx(3600 + 2 * ANSWER)

    await machine.sleep(7200)
    assert keeper.stopped_until is None
    await keeper.create()

    assert sent() == ["POST 200", "PUT 418", "POST 200"]


async def test_a_ban_that_ended_during_sleep_does_not_delay_the_replacement(
    keeper: ListenKeyKeeper, machine: Machine, sandbox: Sandbox, sent: Sent
) -> None:
    await keeper.create()
    sandbox.arm("http_418_-1003", retry_after=3600)
    await anyio.sleep_until(1951)

    await machine.sleep(7200)
    await anyio.sleep(31)

    assert sent() == ["POST 200", "PUT 418", "POST 200"]
    assert keeper.life.state is State.ACTIVE
