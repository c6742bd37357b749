import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import keychains
from tests.cli.processes import ended, running

Run = Callable[..., object]
SANDBOX = {"BINANCE_ENVIRONMENT": "sandbox"}


def test_a_healthy_installation_is_told_line_by_line_with_exit_code_0() -> None:
    with running("doctor", variables=SANDBOX) as process:
        code, out, err = ended(process)
    assert (code, err) == (0, "")
    assert [line.split(":")[0] for line in out.splitlines()] == [
        "ok       settings",
        "ok       policy",
        "ok       protocol",
    ]


def test_a_problem_comes_first_as_json_with_exit_code_1(
    run: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BINANCE_MCP_PORT", "none")
    assert run("doctor", "--json") == 1
    told = json.loads(capsys.readouterr().out)
    assert told["healthy"] is False
    assert told["findings"][0]["cause"] == "BINANCE_MCP_PORT: must be a whole number"


def test_a_keychain_that_is_locked_is_named_as_the_reason_of_a_missing_key(
    run: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    keychains.use(monkeypatch, keychains.Locked)
    assert run("doctor") == 1
    first, *_ = capsys.readouterr().out.splitlines()
    assert first.startswith("problem  settings: no API key is set")
    assert "the system's keychain cannot be used" in first


def test_the_block_for_a_bug_report_names_the_file_of_settings(tmp_path: Path) -> None:
    file = tmp_path / "settings"
    file.write_text("BINANCE_ENVIRONMENT=sandbox\n", "utf-8")
    with running("doctor", "--report", "--env-file", str(file)) as process:
        code, out, _ = ended(process)
    assert code == 0
    assert out.startswith("```text\nbinance-listen-key-mcp: ")
    assert f"BINANCE_ENVIRONMENT: from {file}\n" in out


def test_a_wrong_argument_ends_with_exit_code_2(run: Run) -> None:
    assert run("doctor", "--heal") == 2
