import json

import pytest

from tests.cli.policy.policies import FINE, KEEPALIVE, Printed, Run, write


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


def test_policy_test_prints_decisions_as_json(run: Run, capsys: Printed) -> None:
    write(FINE)
    call = f'{{"name": "{KEEPALIVE}"}}'
    assert run("policy", "test", "--json", "policy.json", "--call", call, "--repeat", "3") == 0
    first, _, third = json.loads(capsys.readouterr().out)
    rule = f"/tools/{KEEPALIVE}"
    assert first == {
        "at": 0.0,
        "tool": KEEPALIVE,
        "verdict": "allowed",
        "rule": rule,
        "remaining": 1,
    }
    assert (third["verdict"], third["code"], third["wait"]) == ("denied", "limit_exceeded", 3600)


CASES = f"""[
  {{"name": "{KEEPALIVE}", "expect": "allow", "repeat": 2}},
  {{"name": "{KEEPALIVE}", "expect": "deny", "rule": "/tools/{KEEPALIVE}/rate_limit"}},
  {{"name": "{KEEPALIVE}", "expect": "deny", "at": 3599.5}},
  {{"name": "{KEEPALIVE}", "expect": "allow", "at": 3600}}
]"""


def test_policy_test_succeeds_if_all_cases_are_as_expected(run: Run, capsys: Printed) -> None:
    write(FINE)
    write(CASES, "cases.json")
    assert run("policy", "test", "policy.json", "--cases", "cases.json") == 0
    assert capsys.readouterr() == ("cases.json: 4 cases, 0 not as expected\n", "")


def test_policy_test_fails_if_a_case_is_not_as_expected(run: Run, capsys: Printed) -> None:
    write(FINE)
    write(CASES.replace("3599.5", "3600"), "cases.json")
    assert run("policy", "test", "policy.json", "--cases", "cases.json") == 1
    told = (
        f"cases.json: /2: expected denied, but 3600 s: {KEEPALIVE}: allowed, 1 left "
        f"(/tools/{KEEPALIVE})\ncases.json: 4 cases, 1 not as expected\n"
    )
    assert capsys.readouterr() == (told, "")
    assert run("policy", "test", "policy.json", "--cases", "cases.json", "--json") == 1
    told = json.loads(capsys.readouterr().out)
    assert told["cases"] == 4
    assert [(each["case"], each["decision"]["at"]) for each in told["failures"]] == [("/2", 3600)]


@pytest.mark.parametrize("options", [[], ["--call", '{"name": "A"}', "--cases", "cases.json"]])
def test_policy_test_needs_either_calls_or_cases(
    run: Run, capsys: Printed, options: list[str]
) -> None:
    assert run("policy", "test", "policy.json", *options) == 2
    told = "binance-mcp: policy test: needs either --call or --cases\n"
    assert capsys.readouterr() == ("", told)


def test_policy_test_reports_cases_that_cannot_be_used(run: Run, capsys: Printed) -> None:
    write(FINE)
    write('[{"name": "A"}]', "cases.json")
    assert run("policy", "test", "policy.json", "--cases", "cases.json") == 2
    assert capsys.readouterr() == ("", "binance-mcp: cases.json: /0/expect: is missing\n")
