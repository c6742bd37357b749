import hashlib
import json
from pathlib import Path

from hypothesis import HealthCheck, given, settings

from binance_mcp.policy.language.document import load
from binance_mcp.policy.source import read
from tests.cli.policy.policies import Printed, Run, write
from tests.policy.documents import DOCUMENTS, Json

SHIPPED = hashlib.sha256(read(None)).hexdigest()


def test_policy_show_shows_the_built_in_policy_by_default(run: Run, capsys: Printed) -> None:
    assert run("policy", "show") == 0
    out, err = capsys.readouterr()
    assert load("shown", out) == load("shipped", read(None))
    assert err == f"built-in policy, SHA-256 {SHIPPED}\n"


def test_policy_show_prints_equal_policies_identically(run: Run, capsys: Printed) -> None:
    write(
        """{"tools": {"B": {"limits": [{"scope": "session", "max": 1, "window": "day",
        "counter": "c"}]}, "A": {"action": "allow"}}, "hide": ["b", "a"], "default": "deny",
        "version": "1"}"""
    )
    assert run("policy", "show", "policy.json") == 0
    out, err = capsys.readouterr()
    limit = {"counter": "c", "max": 1, "window": "day"}
    said = {
        "default": "deny",
        "hide": ["a", "b"],
        "tools": {"A": {}, "B": {"limits": [limit]}},
        "version": "1",
    }
    assert out == json.dumps(said, indent=2) + "\n"
    digest = hashlib.sha256(Path("policy.json").read_bytes()).hexdigest()
    assert err == f"policy.json, SHA-256 {digest}\n"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(DOCUMENTS)
def test_policy_show_prints_an_equivalent_policy(run: Run, capsys: Printed, said: Json) -> None:
    text = json.dumps(said)
    write(text)
    assert run("policy", "show", "policy.json") == 0
    assert load("shown", capsys.readouterr().out) == load("policy.json", text)


def test_policy_show_prints_where_the_policy_is_from_as_json(run: Run, capsys: Printed) -> None:
    assert run("policy", "show", "--json") == 0
    out, err = capsys.readouterr()
    told = json.loads(out)
    assert (told["file"], told["sha256"], err) == (None, SHIPPED, "")
    assert load("shown", json.dumps(told["policy"])) == load("shipped", read(None))
    write('{"version": "1", "default": "allow"}')
    assert run("policy", "show", "--json", "policy.json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["file"] == "policy.json"
    assert told["policy"] == {"version": "1", "default": "allow"}
