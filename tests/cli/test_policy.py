import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from binance_mcp.policy.language.document import load
from binance_mcp.policy.source import read
from tests.policy.documents import DOCUMENTS, Json

Run = Callable[..., object]
Printed = pytest.CaptureFixture[str]
KEEPALIVE = "BinanceFuturesKeepAliveListenKey"

FINE = f"""{{
  "version": "1",
  "default": "deny",
  "hide": ["BinanceFuturesCloseListenKey"],
  "all_tools": {{"limits": [{{"counter": "all", "window": "minute", "max": 9, "scope": "grant"}}]}},
  "tools": {{"{KEEPALIVE}": {{"rate_limit": {{"max": 2, "window": "hour"}}}}}}
}}"""
DUBIOUS = f"""{{
  "version": "1",
  "default": "deny",
  "tools": {{
    "BinanceFuturesKeepaliveListenKey": {{}},
    "{KEEPALIVE}": {{
      "limits": [{{"counter": "c", "window": "day", "max": 1, "scope": "grant"}}]
    }}
  }},
  "hide": ["Nothing"]
}}"""
DUBIOUS_TOLD = f"""\
policy.json:5:41: warning: /tools/BinanceFuturesKeepaliveListenKey: \
"BinanceFuturesKeepaliveListenKey" is no tool of this server; did you mean "{KEEPALIVE}"?
policy.json:7:18: warning: /tools/{KEEPALIVE}/limits/0: \
is too low to call {KEEPALIVE} every 50 minutes, as it must be
policy.json:10:11: warning: /hide: "Nothing" is no tool of this server
"""
FAULTY = '{"version": 1,\n "default": "maybe", "tols": {}}'
FAULTY_TOLD = """\
policy.json:1:13: /version: must be "1"
policy.json:2:13: /default: must be "allow" or "deny"
policy.json:2:22: /tols: is unknown; did you mean "tools"?
"""
FAULTY_COMPLAINED = "".join(
    f"binance-mcp: policy.json: {line.partition(' ')[2]}\n" for line in FAULTY_TOLD.splitlines()
)
UNREADABLE_TOLD = "binance-mcp: policy.json: /: cannot be read: No such file or directory\n"
SHIPPED = hashlib.sha256(read(None)).hexdigest()


def write(text: str) -> None:
    """Write the policy into the working directory, which is the test's own."""
    Path("policy.json").write_text(text, "utf-8")


# check


def test_policy_check_summarizes_a_valid_policy(run: Run, capsys: Printed) -> None:
    write(FINE)
    assert run("policy", "check", "--strict", "policy.json") == 0
    told = "policy.json: OK: 1 tool listed, 1 hidden, 2 limits, default deny, 0 warnings\n"
    assert capsys.readouterr() == (told, "")


def test_policy_check_prints_every_problem_with_line_and_column(run: Run, capsys: Printed) -> None:
    write(FAULTY)
    assert run("policy", "check", "policy.json") == 1
    assert capsys.readouterr() == (FAULTY_TOLD, "")


def test_policy_check_ends_with_the_number_of_unlisted_problems(run: Run, capsys: Printed) -> None:
    write(json.dumps({"version": "1", "default": "deny", "hide": [1] * 150}))
    assert run("policy", "check", "policy.json") == 1
    first, *_, last = capsys.readouterr().out.splitlines()
    assert "/hide/0" in first
    assert last == "policy.json: /: has 50 more problems"


def test_policy_check_prints_a_problem_that_has_no_line_and_column(
    run: Run, capsys: Printed
) -> None:
    Path("policy.json").write_bytes(b"\xff")
    assert run("policy", "check", "policy.json") == 1
    assert capsys.readouterr() == ("policy.json: /: must be UTF-8 text\n", "")


def test_policy_check_prints_warnings_in_document_order_and_succeeds(
    run: Run, capsys: Printed
) -> None:
    write(DUBIOUS)
    assert run("policy", "check", "policy.json") == 0
    summary = "policy.json: OK: 2 tools listed, 1 hidden, 1 limit, default deny, 3 warnings\n"
    assert capsys.readouterr() == (DUBIOUS_TOLD + summary, "")


def test_policy_check_strict_fails_on_warnings(run: Run, capsys: Printed) -> None:
    write(DUBIOUS)
    assert run("policy", "check", "policy.json", "--strict") == 1
    assert capsys.readouterr() == (DUBIOUS_TOLD, "")


@pytest.mark.parametrize("command", ["check", "explain", "show", 'test --call {"name":"A"}'])
def test_an_unreadable_policy_is_reported_in_one_line(
    run: Run, capsys: Printed, command: str
) -> None:
    assert run("policy", *command.split(), "policy.json") == 2
    assert capsys.readouterr() == ("", UNREADABLE_TOLD)


@pytest.mark.parametrize("command", ["explain", "show", 'test --call {"name":"A"}'])
def test_an_invalid_policy_is_reported_one_line_per_problem(
    run: Run, capsys: Printed, command: str
) -> None:
    write(FAULTY)
    assert run("policy", *command.split(), "policy.json") == 2
    out, err = capsys.readouterr()
    assert sorted(err.splitlines()) == sorted(FAULTY_COMPLAINED.splitlines())
    assert out == ""


# explain


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


# show


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


# test


def test_policy_test_groups_equal_decisions_on_one_line(run: Run, capsys: Printed) -> None:
    write(FINE)
    call = f'{{"name": "{KEEPALIVE}", "arguments": {{}}}}'
    tried = run("policy", "test", "policy.json", "--call", call, "--repeat", "5", "--every", "0.5")
    assert tried == 0
    rule = f"/tools/{KEEPALIVE}"
    assert capsys.readouterr().out == (
        f"0 s to 0.5 s, x 2: {KEEPALIVE}: allowed, 1 to 0 left ({rule})\n"
        f"1 s to 2 s, x 3: {KEEPALIVE}: denied, 0 left ({rule}/rate_limit, limit_exceeded): "
        f'At most 2 calls per hour per session (counter "{KEEPALIVE}_rate_limit"); '
        "retry in 3599 s.\n"
    )


def test_policy_test_accepts_several_calls_with_any_arguments(run: Run, capsys: Printed) -> None:
    write(
        """{"version": "1", "default": "allow", "tools": {"A": {
            "action": "require_approval", "reason": "It matters.",
            "require": [{"conditions": [{"path": "args.x", "op": "eq", "value": "a, \\"}"}]}]
        }}}"""
    )
    calls = [{"name": "A", "arguments": {"x": 'a, "}'}}, {"name": "A"}, {"name": "B"}]
    options = [option for call in calls for option in ("--call", json.dumps(call))]
    assert run("policy", "test", *options, "policy.json") == 0
    assert capsys.readouterr().out == (
        "0 s: A: approval required (/tools/A/action): It matters.\n"
        "0 s: A: denied (/tools/A/require/0, requirement): "
        'The policy requires args.x eq "a, \\"}".\n'
        "0 s: B: allowed (/default)\n"
    )


@pytest.mark.parametrize(
    "call",
    ["", "moon", "{", "[]", "1", '{"name": 1}', '{"arguments": {}}', '{"name": "A", "x": 1}'],
)
def test_policy_test_reports_an_invalid_call_in_one_line(
    run: Run, capsys: Printed, call: str
) -> None:
    assert run("policy", "test", "policy.json", "--call", call) == 2
    wanted = 'must be JSON: an object with the "name" of a tool, and its "arguments" if any'
    assert capsys.readouterr() == ("", f"binance-mcp: --call: {wanted}\n")
