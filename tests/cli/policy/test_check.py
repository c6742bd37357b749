import json
from pathlib import Path

from binance_mcp.cli.policy.check import server_facts
from binance_mcp.policy.review.warnings import warnings
from binance_mcp.policy.source import PolicySource
from binance_mcp.server.tools.catalogue import tool_arguments
from tests.cli.policy.policies import FAULTY, FAULTY_TOLD, FINE, KEEPALIVE, Printed, Run, write

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


def test_the_built_in_policy_has_no_warnings() -> None:
    assert warnings(PolicySource().document, server_facts()) == []


def test_the_tools_include_those_of_the_server_and_of_the_built_in_policy() -> None:
    facts = server_facts()
    assert facts.tools.items() >= tool_arguments().items()
    assert facts.tools.keys() >= PolicySource().document.tools.keys()


def test_the_keepalive_tool_is_a_tool_of_the_server() -> None:
    assert server_facts().keepalive in tool_arguments()


def test_policy_check_prints_json(run: Run, capsys: Printed) -> None:
    write(FAULTY)
    assert run("policy", "check", "--json", "policy.json") == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["file"], told["warnings"], len(told["problems"])) == ("policy.json", [], 3)
    assert told["problems"][0] == {
        "where": "/version",
        "message": 'must be "1"',
        "line": 1,
        "column": 13,
    }
    write(DUBIOUS)
    assert run("policy", "check", "--json", "policy.json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["problems"], len(told["warnings"])) == ([], 3)
