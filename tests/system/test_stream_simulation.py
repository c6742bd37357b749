"""A small run of the simulation: harm is done to the streams, and nothing is lost unnoticed."""

from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Final

import pytest

from tests.simulation.stream.comparison import violations
from tests.simulation.stream.machines import http_server, settings, stdio_server
from tests.simulation.stream.run import Outcome, Plan, run

pytestmark = pytest.mark.anyio

PLAN: Final = Plan(events=600, per_second=100, flood=100, pause=1.2, readers=2)


def judge(outcome: Outcome) -> None:
    assert {"drop", "close the key"} <= set(outcome.troubles)
    for told in outcome.told:
        assert list(violations(told, outcome.truth, outcome.since)) == []
        assert len(told.events) > PLAN.events / 10


async def test_an_agent_over_stdio_is_told_of_each_event_or_of_a_gap(
    at: dict[str, str], tmp_path: Path
) -> None:
    judge(await run(replace(PLAN, readers=1), stdio_server(settings(at, tmp_path)), at))


async def test_agents_over_http_are_told_of_each_event_or_of_a_gap_and_a_file_keeps_them(
    at: dict[str, str], tmp_path: Path
) -> None:
    variables = settings(at, tmp_path) | {"BINANCE_MCP_EVENTS_FILE": str(tmp_path / "events.db")}
    with http_server(variables, StringIO()) as url:
        judge(await run(PLAN, url, at))
