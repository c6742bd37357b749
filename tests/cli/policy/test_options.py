from pathlib import Path

import pytest

from binance_mcp.cli.policy.options import in_force, say_json


def test_the_file_given_precedes_the_configured_one(monkeypatch: pytest.MonkeyPatch) -> None:
    assert in_force(None) is None
    monkeypatch.setenv("BINANCE_MCP_POLICY", "mine.json")
    assert in_force(None) == Path("mine.json")
    assert in_force(Path("other.json")) == Path("other.json")


def test_json_is_printed_legibly(capsys: pytest.CaptureFixture[str]) -> None:
    say_json({"é": [1]})
    assert capsys.readouterr().out == '{\n  "é": [\n    1\n  ]\n}\n'
