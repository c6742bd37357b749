import json
from pathlib import Path

import pytest

from binance_mcp.doctor.finding import Verdict
from binance_mcp.doctor.self_test import Conversation, converse, judge_conversation, variables
from tests.cli.processes import posix
from tests.environment import VARIABLES, settings_of

pytestmark = pytest.mark.anyio

ACCOUNT = {
    "BINANCE_API_KEY": "k" * 64,
    "BINANCE_API_SECRET": "s" * 64,
    "BINANCE_REST_URL": "https://fapi.binance.com",
    "BINANCE_MCP_AUDIT_KEY": "a" * 64,
    "BINANCE_MCP_AUDIT_LOG": "trail.jsonl",
    "BINANCE_MCP_EVENTS_FILE": "events",
}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def test_the_server_gets_the_settings_without_the_account_and_files() -> None:
    given = variables(settings_of(ACCOUNT | {"BINANCE_MCP_EVENTS_HELD": "5"}))
    told = {name: value for name, value in given.items() if value}
    assert given.keys() == set(VARIABLES)
    assert told == {
        "BINANCE_ENVIRONMENT": "sandbox",
        "BINANCE_MCP_EVENTS_HELD": "5",
        "BINANCE_MCP_LOG_LEVEL": "ERROR",
    }


async def test_the_server_lists_its_tools_from_another_folder(tmp_path: Path) -> None:
    policy = {"version": "1", "default": "allow", "hide": ["BinanceFuturesCloseListenKey"]}
    (tmp_path / "policy.json").write_text(json.dumps(policy), "utf-8")
    conversation = await converse(settings_of(ACCOUNT | {"BINANCE_MCP_POLICY": "policy.json"}))
    assert isinstance(conversation, Conversation)
    assert conversation.tools == 5
    (found,) = judge_conversation(conversation)
    assert found.verdict is Verdict.OK
    assert not (tmp_path / "trail.jsonl").exists()
    assert not (tmp_path / "events").exists()


async def test_a_server_that_does_not_start_is_quoted() -> None:
    conversation = await converse(settings_of({"BINANCE_MCP_POLICY": "/nowhere/policy.json"}))
    assert conversation == (
        "binance-mcp: /nowhere/policy.json: /: cannot be read: No such file or directory"
    )
    (found,) = judge_conversation(conversation)
    assert found.verdict is Verdict.PROBLEM
    assert found.cause.endswith("No such file or directory")


@posix
async def test_a_server_that_dies_without_a_word_is_told_as_such(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.executable", "/bin/true")
    conversation = await converse(settings_of({}))
    assert conversation
    assert isinstance(conversation, str)


def test_a_policy_that_hides_every_tool_is_a_warning() -> None:
    (found,) = judge_conversation(Conversation(0, 1.0))
    assert (found.verdict, found.cause) == (Verdict.WARNING, "the policy hides every tool")
