import pytest

from binance_mcp.futures.schedule import Schedule
from binance_mcp.sandbox.faults import FAULTS
from tests.simulation.storm.verdict import broken_promises
from tests.simulation.storm.voyage import sail
from tests.simulation.storm.weather import LATE, storm

IN_A_CALL = 5
CALLS_IN_A_MINUTE = 60 / (2.5 + 1.5)
"""In the last minute of a key: the shortest pause, and what a call that fails takes at least."""


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_keeper_keeps_its_promises_through_a_month_of_failures(seed: int) -> None:
    voyage = sail(storm(seed, days=30), seed=seed)

    assert broken_promises(voyage, Schedule()) == []
    assert voyage.rotation_count == len(voyage.reported)
    assert voyage.history.faults.keys() == {*FAULTS, LATE}
    assert voyage.history.busiest_minute <= IN_A_CALL * CALLS_IN_A_MINUTE
    assert len(voyage.history.lapses) > 30


def test_a_keeper_with_too_late_keepalives_breaks_its_promises() -> None:
    voyage = sail(storm(1, days=3), seed=1, schedule=Schedule(interval=2400.0))

    assert any("kept alive too late" in line for line in broken_promises(voyage, Schedule()))
    assert broken_promises(voyage, Schedule(interval=2400.0)) == []
