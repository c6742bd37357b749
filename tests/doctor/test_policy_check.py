from pathlib import Path

import pytest

from binance_mcp.cli.policy.check import server_facts
from binance_mcp.doctor.finding import Certainty, Verdict
from binance_mcp.doctor.policy_check import check_policy
from tests.environment import settings_of

UNKNOWN_TOOL = '{"version": "1", "default": "deny", "tools": {"BinanceCreate": {}}}'


def test_the_built_in_policy_is_in_order() -> None:
    (found,) = check_policy(settings_of({}), server_facts())
    assert (found.verdict, found.cause) == (Verdict.OK, "the built-in policy can be used")


@pytest.mark.parametrize("variable", ["BINANCE_MCP_POLICY", "BINANCE_MCP_POLICY_SHADOW"])
def test_a_policy_that_cannot_be_used_is_a_problem_for_each_reason(
    tmp_path: Path, variable: str
) -> None:
    path = tmp_path / "policy.json"
    path.write_text('{"version": "1", "default": "perhaps", "tolls": {}}', "utf-8")
    found = check_policy(settings_of({variable: str(path)}), server_facts())
    assert len(found) == 2
    assert {each.verdict for each in found} == {Verdict.PROBLEM}
    assert all(str(path) in each.cause for each in found)


def test_what_is_probably_a_mistake_is_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "policy.json"
    path.write_text(UNKNOWN_TOOL, "utf-8")
    (found,) = check_policy(settings_of({"BINANCE_MCP_POLICY": str(path)}), server_facts())
    assert (found.verdict, found.certainty) == (Verdict.WARNING, Certainty.LIKELY)
    assert '"BinanceCreate" is no tool of this server' in found.cause
