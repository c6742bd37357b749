from collections.abc import Sequence
from pathlib import Path

import pytest

from binance_mcp.doctor.finding import Finding, Verdict
from binance_mcp.doctor.kept_files import KeptFile, check_files, judge_files
from tests.cli.processes import posix
from tests.environment import settings_of


def found_with(path: Path | str, **more: str) -> Sequence[Finding]:
    return check_files(settings_of({"BINANCE_MCP_AUDIT_LOG": str(path), **more}))


def test_without_files_there_is_nothing_to_say() -> None:
    assert check_files(settings_of({})) == []


def test_an_events_file_that_is_not_used_is_not_looked_at() -> None:
    variables = {"BINANCE_MCP_EVENTS_FILE": "/nowhere/e", "BINANCE_MCP_USER_EVENTS": "false"}
    assert check_files(settings_of(variables)) == []


def test_files_that_will_be_made_are_in_order_and_are_not_made(tmp_path: Path) -> None:
    path, events = tmp_path / "trail.jsonl", tmp_path / "events"
    (found,) = found_with(path, BINANCE_MCP_EVENTS_FILE=str(events))
    assert found.verdict is Verdict.OK
    assert "BINANCE_MCP_EVENTS_FILE and BINANCE_MCP_AUDIT_LOG can be written" in found.cause
    assert not path.exists()
    assert not events.exists()


@posix
def test_a_file_that_others_may_read_is_a_warning_with_the_command(tmp_path: Path) -> None:
    path = tmp_path / "a trail"
    path.touch()
    path.chmod(0o640)
    (found,) = found_with(path)
    assert found.verdict is Verdict.WARNING
    assert found.next_step == f"Run: chmod 600 '{path}'"
    path.chmod(0o600)
    assert found_with(path)[0].verdict is Verdict.OK


def test_a_folder_in_its_place_is_a_problem(tmp_path: Path) -> None:
    (found,) = found_with(tmp_path)
    assert found.verdict is Verdict.PROBLEM
    assert "is not a regular file" in found.cause


@pytest.mark.parametrize("path", ["/nowhere/trail", "~nobody-has-this-name/trail"])
def test_a_file_that_cannot_be_made_is_a_problem(path: str) -> None:
    (found,) = found_with(path)
    assert found.verdict is Verdict.PROBLEM
    assert "cannot be written" in found.cause


def test_a_file_that_cannot_be_written_is_a_problem() -> None:
    file = KeptFile("/trail", 0o100400, is_writable=False)
    (found,) = judge_files({"BINANCE_MCP_AUDIT_LOG": file})
    assert found.cause == "BINANCE_MCP_AUDIT_LOG: /trail cannot be written by this user"
