from itertools import pairwise
from typing import Final

import pytest

from binance_mcp.futures.listen_key import State
from binance_mcp.futures.schedule import Schedule
from tests.simulation.storm.voyage import Voyage, sail
from tests.simulation.storm.weather import DAY, calm

DAYS: Final = 30
SCHEDULE: Final = Schedule(interval=1800.0, jitter=300.0)
CALL: Final = 1.0
"""No call takes longer when nothing goes wrong."""


@pytest.fixture(scope="module")
def month() -> Voyage:
    return sail(calm(DAYS), seed=1, schedule=SCHEDULE)


def test_a_month_without_failures_always_has_a_valid_listen_key(month: Voyage) -> None:
    assert len(month.history.keys) == 1
    assert month.history.lapses == []
    assert month.history.valid_until > DAYS * DAY
    assert (month.ended_as, month.rotation_count) == (State.ACTIVE, 0)


def test_a_month_without_failures_costs_one_request_per_interval(month: Voyage) -> None:
    assert len(month.history.requests) == len(month.history.extensions)
    fewest = DAYS * DAY / (SCHEDULE.interval + SCHEDULE.jitter + CALL)
    most = DAYS * DAY / SCHEDULE.interval
    assert fewest - 1 <= len(month.history.requests) - 1 <= most
    assert month.used_weight == 1


def test_the_keepalive_gaps_of_a_month_are_interval_plus_jitter(month: Voyage) -> None:
    jitters = sorted(
        after - before - SCHEDULE.interval for before, after in pairwise(month.history.extensions)
    )
    assert jitters[0] >= -CALL
    assert jitters[-1] <= SCHEDULE.jitter + CALL
    assert jitters[0] < SCHEDULE.jitter * 0.05
    assert jitters[-1] > SCHEDULE.jitter * 0.95
    assert jitters[len(jitters) // 2] == pytest.approx(SCHEDULE.jitter / 2, rel=0.1)
