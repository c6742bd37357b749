"""The examination: every check that the settings allow, causes before their effects."""

from collections.abc import Sequence

import anyio

from binance_mcp.clock import wall_clock
from binance_mcp.doctor.configuration import check_settings
from binance_mcp.doctor.exchange_check import examine_exchange
from binance_mcp.doctor.finding import Finding, Verdict, unknown, worst_first
from binance_mcp.doctor.kept_files import check_files
from binance_mcp.doctor.listen_key_losses import check_losses
from binance_mcp.doctor.policy_check import check_policy
from binance_mcp.doctor.self_test import converse, judge_conversation
from binance_mcp.doctor.trail_check import check_trail
from binance_mcp.policy.review.warnings import ServerFacts
from binance_mcp.settings_sources import FoundSettings


async def examine(found_settings: FoundSettings, facts: ServerFacts) -> Sequence[Finding]:
    """Make every check, and return the findings, the worst first."""
    settings = found_settings.settings
    found = [*check_settings(found_settings), *check_files(settings)]
    policy = check_policy(settings, facts)
    found += policy
    is_startable = all(finding.verdict is not Verdict.PROBLEM for finding in policy)
    spoken: list[Finding] = []

    async def speak() -> None:
        spoken.extend(judge_conversation(await converse(settings)))

    async with anyio.create_task_group() as tasks:
        if is_startable:
            tasks.start_soon(speak)
        else:
            spoken.append(unknown("protocol", "not tried: the server does not start"))
        found += await examine_exchange(settings)
    found += [*check_losses(settings, wall_clock()), *check_trail(settings), *spoken]
    return worst_first(found)
