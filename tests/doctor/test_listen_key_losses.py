from pathlib import Path

import anyio
import pytest

from binance_mcp.clock import wall_clock
from binance_mcp.doctor.finding import Verdict
from binance_mcp.doctor.listen_key_losses import check_losses, judge_losses
from binance_mcp.futures.user_stream.events_file import EventsFile
from binance_mcp.futures.user_stream.gap import Gap, GapReason
from tests.environment import settings_of

pytestmark = pytest.mark.anyio

NOW = 1_700_000_000.0


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def gap(seconds_ago: float | None, reason: GapReason = GapReason.ROTATION) -> Gap:
    until = None if seconds_ago is None else NOW - seconds_ago
    return Gap(1, 0, NOW - 90_000, until, reason)


@pytest.mark.parametrize(
    ("gaps", "verdict"),
    [
        ([], Verdict.OK),
        ([gap(10)], Verdict.OK),
        ([gap(10), gap(20)], Verdict.WARNING),
        ([gap(10), gap(90_000)], Verdict.OK),
        ([gap(10), gap(None)], Verdict.OK),
        ([gap(10), gap(20, GapReason.DISCONNECTED)], Verdict.OK),
    ],
)
def test_keys_lost_twice_in_a_day_are_a_warning(gaps: list[Gap], verdict: Verdict) -> None:
    (found,) = judge_losses(gaps, NOW)
    assert found.verdict is verdict


@pytest.mark.parametrize("events", ["true", "false"])
async def test_a_file_that_is_in_use_is_unknown_and_one_that_is_not_used_nothing(
    tmp_path: Path, events: str
) -> None:
    path = tmp_path / "events"
    variables = {"BINANCE_MCP_EVENTS_FILE": str(path), "BINANCE_MCP_USER_EVENTS": events}
    settings = settings_of(variables)
    assert check_losses(settings, wall_clock()) == []
    file = EventsFile(path, "account")
    file.open()
    found = [each.verdict for each in check_losses(settings, wall_clock())]
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(file.run, lambda: None)
        tasks.cancel_scope.cancel()
    assert found == ([Verdict.UNKNOWN] if events == "true" else [])
