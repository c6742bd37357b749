from datetime import UTC, datetime

import anyio
import pytest

from binance_mcp.clock import SteadyClock, SuspensionDetector, wall_clock
from tests.simulation.storm.machine import Machine


def test_the_wall_clock_returns_seconds_since_the_unix_epoch() -> None:
    before = datetime.now(UTC)
    now = datetime.fromtimestamp(wall_clock(), UTC)
    assert before <= now <= datetime.now(UTC)


@pytest.mark.anyio
async def test_a_steady_clock_runs_with_the_monotonic_clock() -> None:
    clock = SteadyClock(Machine().wall_clock)

    assert clock.now() == 0
    await anyio.sleep(7200)
    assert clock.now() == 7200


@pytest.mark.anyio
async def test_a_steady_clock_continues_while_the_machine_sleeps() -> None:
    machine = Machine()
    clock = SteadyClock(machine.wall_clock)
    clock.now()

    for passed in (600, 1200):
        await machine.sleep(600)
        assert clock.now() == passed
    await anyio.sleep(60)
    assert clock.now() == 1260


@pytest.mark.anyio
async def test_a_steady_clock_starts_when_it_is_first_read() -> None:
    machine = Machine()
    clock = SteadyClock(machine.wall_clock)

    await machine.sleep(600)

    assert clock.now() == 0


@pytest.mark.anyio
async def test_a_suspension_is_noticed_once() -> None:
    machine = Machine()
    detector = SuspensionDetector(machine.now())
    await anyio.sleep(600)
    assert not detector.was_suspended(machine.now())
    await machine.sleep(600)
    assert detector.was_suspended(machine.now())
    assert not detector.was_suspended(machine.now())


@pytest.mark.anyio
@pytest.mark.parametrize(("step", "shown"), [(2.0, 60.0), (2.5, 62.5), (-2.5, 60), (-7200, 60)])
async def test_setting_the_wall_clock_moves_a_steady_clock_forward_only(
    step: float, shown: float
) -> None:
    offset = 0.0
    clock = SteadyClock(lambda: anyio.current_time() + offset)
    clock.now()

    offset = step
    await anyio.sleep(60)

    assert clock.now() == shown
    await anyio.sleep(60)
    assert clock.now() == shown + 60
