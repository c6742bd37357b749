import json

import pytest

from tests.cli.policy.policies import FINE, KEEPALIVE, Printed, Run, write


def test_policy_explain_explains_the_active_policy(
    run: Run, capsys: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("policy", "explain") == 0
    shipped, _ = capsys.readouterr()
    assert f"\n{KEEPALIVE}: allowed\n  at most 60 times in any minute in one session\n" in shipped
    write(FINE)
    monkeypatch.setenv("BINANCE_MCP_POLICY", "policy.json")
    assert run("policy", "explain") == 0
    mine, err = capsys.readouterr()
    assert f"\n{KEEPALIVE}: allowed\n  at most 2 times in any hour in one session\n" in mine
    assert err == ""


def test_policy_explain_of_a_file_ignores_the_active_policy(
    run: Run, capsys: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(FINE)
    monkeypatch.setenv("BINANCE_MCP_POLICY", "missing.json")
    assert run("policy", "explain", "policy.json") == 0
    assert f"{KEEPALIVE}: allowed\n  at most 2 times" in capsys.readouterr().out


def test_policy_explain_prints_json(run: Run, capsys: Printed) -> None:
    write(FINE)
    assert run("policy", "explain", "--json", "policy.json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["general"][0] == "A tool that is not listed is denied."
    assert told["tools"][KEEPALIVE] == {
        "isToolOfThisServer": True,
        "verdict": "allowed",
        "words": "allowed",
        "terms": ["at most 2 times in any hour in one session"],
    }
    assert told["tools"]["BinanceFuturesCloseListenKey"]["verdict"] == "hidden"
