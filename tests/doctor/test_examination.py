import pytest

from binance_mcp.cli.policy.check import server_facts
from binance_mcp.doctor.examination import examine
from binance_mcp.doctor.finding import Verdict
from binance_mcp.settings_sources import FoundSettings
from tests.environment import settings_of

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_every_check_that_the_settings_allow_is_made() -> None:
    found = FoundSettings(settings_of({"BINANCE_ENVIRONMENT": "sandbox"}), {})
    findings = await examine(found, server_facts())
    assert [finding.check for finding in findings] == ["settings", "policy", "protocol"]
    assert {finding.verdict for finding in findings} == {Verdict.OK}


async def test_with_a_policy_that_cannot_be_used_the_server_is_not_started() -> None:
    variables = {"BINANCE_ENVIRONMENT": "sandbox", "BINANCE_MCP_POLICY": "/nowhere"}
    findings = await examine(FoundSettings(settings_of(variables), {}), server_facts())
    assert [(finding.check, finding.verdict) for finding in findings] == [
        ("policy", Verdict.PROBLEM),
        ("protocol", Verdict.UNKNOWN),
        ("settings", Verdict.OK),
    ]
