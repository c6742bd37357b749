"""A small run of the simulation: nothing that happens to an order is lost, or told twice."""

from pathlib import Path
from typing import Final

import pytest

from tests.simulation.trading.run import Plan, run

pytestmark = pytest.mark.anyio

PLAN: Final = Plan(
    seconds=14, trouble_pause=2.5, life=(2.0, 6.0), patience=60, compare_seconds=None
)


async def test_a_host_is_told_each_change_once_although_streams_break_and_servers_are_killed(
    at: dict[str, str], tmp_path: Path
) -> None:
    outcome = await run(PLAN, at, tmp_path)
    assert list(outcome.violations()) == []
    assert {"restart", "start"} < outcome.told.reasons.keys()
    assert any("repaired" in event for event in outcome.told.events)
