import json
from collections.abc import Mapping, Sequence
from typing import Final

import pytest

from binance_mcp.errors import PolicyError, Problem
from binance_mcp.policy.language.document import load

LIMIT: Final[Mapping[str, object]] = {"counter": "calls", "window": "minute", "max": 2}
NAME: Final = "printable text that is not blank"
WINDOW: Final = (
    'must be "second", "minute", "hour", "day" or a number of seconds above 0'
    " and at most 2678400 (31 days)"
)


def problems(text: str) -> Sequence[Problem]:
    with pytest.raises(PolicyError) as refused:
        load("policy.json", text)
    return refused.value.problems


def said(text: str) -> list[str]:
    return [str(problem) for problem in problems(text)]


def problems_with(**members: object) -> list[str]:
    members = {"version": "1", "default": "deny", **members}
    return said(json.dumps(members))


def problems_of_limit(**members: object) -> list[str]:
    found = problems_with(tools={"X": {"limits": [{**LIMIT, **members}]}})
    return [problem.removeprefix("/tools/X/limits/0") for problem in found]


def test_invalid_json_is_one_problem() -> None:
    (problem,) = problems("{")
    assert problem.where == ""
    assert problem.message.startswith("must be JSON; the error is at line 1, column 2: ")


@pytest.mark.parametrize("text", ["[]", "null", '"deny"', "1"])
def test_a_policy_that_is_not_an_object_is_refused(text: str) -> None:
    assert problems(text) == (Problem("", "must be an object", line=1, column=1),)


def test_version_and_default_of_a_policy_are_required() -> None:
    assert said("{}") == ["/version: is missing", "/default: is missing"]


@pytest.mark.parametrize(
    ("members", "problem"),
    [
        ({"version": 1}, '/version: must be "1"'),
        ({"version": "2"}, '/version: must be "1"'),
        ({"default": "ask"}, '/default: must be "allow" or "deny"'),
        ({"default": None}, '/default: must be "allow" or "deny"'),
        ({"$schema": 1}, "/$schema: must be text"),
        ({"hide": "X"}, "/hide: must be a list"),
        ({"hide": None}, "/hide: must be a list"),
        ({"hide": [["X"]]}, f"/hide/0: must be a name: {NAME}"),
        ({"hide": ["X", " "]}, f"/hide/1: must be a name: {NAME}"),
        ({"hide": ["X\n"]}, f"/hide/0: must be a name: {NAME}"),
        ({"hide": ["X", "Y", "X"]}, "/hide/2: must not be repeated"),
        ({"tools": ["X"]}, "/tools: must be an object"),
        ({"tools": {"X": None}}, "/tools/X: must be an object"),
        ({"tools": {"": {}}}, f"/tools/: must be under a tool's name: {NAME}"),
        ({"tools": {"X": {"limits": {}}}}, "/tools/X/limits: must be a list"),
        ({"tools": {"X": {"limits": [1]}}}, "/tools/X/limits/0: must be an object"),
        ({"tools": {"a/b~c": 1}}, "/tools/a~1b~0c: must be an object"),
        ({"all_tools": []}, "/all_tools: must be an object"),
        ({"all_tools": {"limits": None}}, "/all_tools/limits: must be a list"),
    ],
)
def test_an_invalid_member_of_a_policy_is_refused(
    members: Mapping[str, object], problem: str
) -> None:
    assert problems_with(**members) == [problem]


@pytest.mark.parametrize("window", ["fortnight", "60", "", 0, -1, 2_678_401, True, None])
def test_an_invalid_window_is_refused(window: object) -> None:
    assert problems_of_limit(window=window) == [f"/window: {WINDOW}"]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_a_window_that_is_not_finite_is_refused(number: str) -> None:
    limit = f'{{"counter": "calls", "max": 1, "window": {number}}}'
    text = f'{{"version": "1", "default": "deny", "all_tools": {{"limits": [{limit}]}}}}'
    place = "/all_tools/limits/0/window"
    assert said(text) == [f"{place}: must be a finite number", f"{place}: {WINDOW}"]


@pytest.mark.parametrize("most", [0, -1, 1.0, 1.5, 1_000_000_001, 10**30, "60", True, None])
def test_an_invalid_max_is_refused(most: object) -> None:
    assert problems_of_limit(max=most) == [
        "/max: must be a whole number of calls from 1 to 1000000000"
    ]


@pytest.mark.parametrize("scope", ["everyone", "", 1, None])
def test_an_invalid_scope_is_refused(scope: object) -> None:
    assert problems_of_limit(scope=scope) == ['/scope: must be "session", "grant" or "server"']


@pytest.mark.parametrize("counter", ["", " \t", "a\nb", 1, None])
def test_an_invalid_counter_name_is_refused(counter: object) -> None:
    assert problems_of_limit(counter=counter) == [f"/counter: must be a name: {NAME}"]


@pytest.mark.parametrize("other", [{"max": 3}, {"window": 60}, {"scope": "grant"}])
@pytest.mark.parametrize("place", ["X", "Y"])
def test_a_counter_of_two_different_limits_is_refused_at_the_second(
    other: Mapping[str, object], place: str
) -> None:
    tools: dict[str, object] = {"X": {"limits": [LIMIT]}, "Y": {"limits": [LIMIT]}}
    tools[place] = {"limits": [LIMIT, {**LIMIT, **other}]}
    (problem,) = problems_with(all_tools={"limits": [LIMIT]}, tools=tools)
    assert problem == (
        f"/tools/{place}/limits/1: must have the same max, window and scope as the"
        ' first limit with counter "calls"'
    )


@pytest.mark.parametrize(
    ("members", "problem"),
    [
        ({"tool": {}}, '/tool: is unknown; did you mean "tools"?'),
        ({"schema": ""}, '/schema: is unknown; did you mean "$schema"?'),
        ({"json_schema": ""}, '/json_schema: is unknown; did you mean "$schema"?'),
        ({"all_tools": {"limit": []}}, '/all_tools/limit: is unknown; did you mean "limits"?'),
        ({"tools": {"X": {"Limits": []}}}, '/tools/X/Limits: is unknown; did you mean "limits"?'),
        (
            {"all_tools": {"limits": [{**LIMIT, "scpe": "grant"}]}},
            '/all_tools/limits/0/scpe: is unknown; did you mean "scope"?',
        ),
        (
            {"tools": {"X": {"limits": [{**LIMIT, "per": "grant"}]}}},
            "/tools/X/limits/0/per: is unknown; known here: counter, window, max, scope",
        ),
    ],
)
def test_an_unknown_key_of_a_policy_is_refused(members: Mapping[str, object], problem: str) -> None:
    assert problems_with(**members) == [problem]


def test_an_invalid_tool_name_is_the_only_problem_of_its_rules() -> None:
    short = {"rate_limit": {"max": 1, "window": "day"}}
    other = {"rate_limit": {"max": 2, "window": "day"}}
    fault = f"must be under a tool's name: {NAME}"
    assert problems_with(tools={"X": short, " ": other, "\n": short}) == [
        f"/tools/ : {fault}",
        f"/tools/\n: {fault}",
    ]


@pytest.mark.parametrize("name", ["limits", "conditions", "rate_limit", "tools", "0"])
def test_a_tool_may_have_the_name_of_a_policy_key(name: str) -> None:
    (problem,) = problems_with(tools={name: {"limit": []}})
    assert problem == f'/tools/{name}/limit: is unknown; did you mean "limits"?'


def test_a_policy_problem_has_the_line_and_column_of_its_value_or_key() -> None:
    text = """{"version": "1",
  "default": "deny", "default": "deny",
  "tools": {
    "X": {"action": "denied", "limits": [{"max": 1, "window":  2}], "extra": 1},
    " ": {}
  }
}"""
    places = {problem.where: (problem.line, problem.column) for problem in problems(text)}
    assert places == {
        "/default": (2, 22),
        "/tools/X/action": (4, 21),
        "/tools/X/limits/0/counter": (4, 42),
        "/tools/X/extra": (4, 69),
        "/tools/ ": (5, 5),
    }


def test_all_problems_of_a_policy_are_reported_at_once() -> None:
    text = """{"default": "deny", "default": "deny", "hide": ["X", "X"], "extra": NaN, "tools": {
        "X": {"limits": [{"counter": "calls", "window": "minute", "max": 1},
                         {"counter": "calls", "window": "minute", "max": 2},
                         {"window": "month", "max": 0}],
              "action": "denied", "reason": "", "rate_limit": {"max": 0},
              "deny_if": [{"conditions": [{"path": "a", "op": "exists", "value": 1}]}]}
    }}"""
    assert {problem.where for problem in problems(text)} == {
        "/default",
        "/version",
        "/hide/1",
        "/extra",
        "/tools/X/limits/1",
        "/tools/X/limits/2/counter",
        "/tools/X/limits/2/window",
        "/tools/X/limits/2/max",
        "/tools/X/action",
        "/tools/X/reason",
        "/tools/X/rate_limit/max",
        "/tools/X/rate_limit/window",
        "/tools/X/deny_if/0/conditions/0/path",
        "/tools/X/deny_if/0/conditions/0/value",
    }


def test_a_repeated_key_alone_makes_a_policy_invalid() -> None:
    text = '{"version": "1", "default": "deny", "default": "allow"}'
    assert said(text) == ["/default: must not be repeated"]


def test_every_line_of_a_policy_error_names_its_file() -> None:
    with pytest.raises(PolicyError) as refused:
        load("policies/mine.json", "{}")
    assert str(refused.value).splitlines() == [
        "policies/mine.json: /version: is missing",
        "policies/mine.json: /default: is missing",
    ]


@pytest.mark.parametrize(("faults", "more"), [(100, None), (101, 1), (5000, 4900)])
def test_a_policy_error_lists_at_most_100_problems(faults: int, more: int | None) -> None:
    text = json.dumps({"version": "1", "default": "deny", "hide": [1] * faults})
    with pytest.raises(PolicyError) as refused:
        load("policy.json", text)
    last = refused.value.problems[-1]
    assert len(refused.value.problems) == min(faults, 101)
    noun = "problem" if more == 1 else "problems"
    assert (last.message == f"has {more} more {noun}") == (more is not None)


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"version": "1", "default": "deny", "hide": [1] * 20_000}),
        "{" + ",".join(['"a":1'] * 20_000) + "}",
    ],
    ids=["different", "twice"],
)
def test_a_policy_with_too_many_values_is_refused_before_validation(text: str) -> None:
    with pytest.raises(PolicyError) as refused:
        load("policy.json", text)
    (problem,) = refused.value.problems
    assert problem.message == "must not have more than 20000 values"
