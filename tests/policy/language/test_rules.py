import json
from collections.abc import Mapping, Sequence
from typing import Final

import pytest

from binance_mcp.errors import PolicyError
from binance_mcp.policy.language.document import load
from binance_mcp.policy.language.rules import Condition, Limit, RateLimit

LIMIT: Final[Mapping[str, object]] = {"counter": "calls", "window": "minute", "max": 2}
ANYTHING: Final[Mapping[str, Sequence[object]]] = {"conditions": []}
NOTHING: Final[Mapping[str, object]] = {}
NAME: Final = "printable text that is not blank"
WINDOW: Final = (
    'must be "second", "minute", "hour", "day" or a number of seconds above 0'
    " and at most 2678400 (31 days)"
)


def problems_with(**members: object) -> list[str]:
    with pytest.raises(PolicyError) as refused:
        load("policy.json", json.dumps({"version": "1", "default": "deny", **members}))
    return [str(problem) for problem in refused.value.problems]


def problems_of_tool(**members: object) -> list[str]:
    return [said.removeprefix("/tools/X") for said in problems_with(tools={"X": members})]


SENTENCE: Final = f"must be one line of {NAME}, at most 300 characters"


ACTION: Final = '/action: must be "allow", "deny" or "require_approval"'
BAD_RULES: Final[Sequence[tuple[Mapping[str, object], str]]] = [
    ({"action": "ask"}, ACTION),
    (
        {"action": "require-approval"},
        f'{ACTION}; did you mean "require_approval"?',
    ),
    ({"action": None}, ACTION),
    ({"reason": ""}, f"/reason: {SENTENCE}"),
    ({"reason": "x" * 301}, f"/reason: {SENTENCE}"),
    ({"reason": "a\nb"}, f"/reason: {SENTENCE}"),
    ({"reason": None}, f"/reason: {SENTENCE}"),
    ({"rate_limit": None}, "/rate_limit: must be an object"),
    ({"rate_limit": "10/minute"}, "/rate_limit: must be an object"),
    ({"rate_limit": {"max": 1}}, "/rate_limit/window: is missing"),
    ({"rate_limit": {"max": 1, "window": "week"}}, f"/rate_limit/window: {WINDOW}"),
    (
        {"rate_limit": {"max": 1, "window": "minutes"}},
        f'/rate_limit/window: {WINDOW}; did you mean "minute"?',
    ),
    (
        {"rate_limit": {"max": 1, "window": 1, "scope": "grant"}},
        "/rate_limit/scope: is unknown; known here: max, window",
    ),
    ({"deny_if": NOTHING}, "/deny_if: must be a list"),
    ({"deny_if": [1]}, "/deny_if/0: must be an object"),
    ({"require": [NOTHING]}, "/require/0/conditions: is missing"),
    ({"require": [{"conditions": NOTHING}]}, "/require/0/conditions: must be a list"),
    (
        {"require": [{**ANYTHING, "on_deny": " "}]},
        f"/require/0/on_deny: {SENTENCE}",
    ),
    (
        {"require": [{**ANYTHING, "onDeny": "No."}]},
        '/require/0/onDeny: is unknown; did you mean "on_deny"?',
    ),
    ({"denyIf": [ANYTHING]}, '/denyIf: is unknown; did you mean "deny_if"?'),
    ({"Action": "deny"}, '/Action: is unknown; did you mean "action"?'),
    (
        {"limits": [{**LIMIT, "increment_from": "args.amount"}]},
        "/limits/0/increment_from: is unknown; known here: counter, window, max, scope",
    ),
]


@pytest.mark.parametrize(("members", "problem"), BAD_RULES)
def test_an_invalid_tool_rule_is_refused(members: Mapping[str, object], problem: str) -> None:
    assert problems_of_tool(**members) == [problem]


OPERATORS: Final = (
    'must be "eq", "neq", "in", "not_in", "lt", "lte", "gt", "gte", "regex", "contains" or "exists"'
)
REGEX: Final = "must be a regular expression, without look-around and back-references"
PATH: Final = 'must be "args." and an argument\'s name, optionally with names inside it: args.a.b'


@pytest.mark.parametrize(
    ("members", "problem"),
    [
        ({"op": "=="}, f"/op: {OPERATORS}"),
        ({"op": "GTE"}, f'/op: {OPERATORS}; did you mean "gte"?'),
        ({"op": "notin"}, f'/op: {OPERATORS}; did you mean "not_in"?'),
        ({"op": None}, f"/op: {OPERATORS}"),
        ({"path": "amount"}, f"/path: {PATH}"),
        ({"path": "args"}, f"/path: {PATH}"),
        ({"path": "args."}, f"/path: {PATH}"),
        ({"path": "args..a"}, f"/path: {PATH}"),
        ({"path": "args.a."}, f"/path: {PATH}"),
        ({"path": " args.a"}, f"/path: {PATH}"),
        ({"path": "args.a\n"}, f"/path: {PATH}"),
        ({"path": "state.a.b"}, f"/path: {PATH}"),
        ({"path": "args." + "a" * 200}, f"/path: {PATH}"),
        ({"path": 1}, f"/path: {PATH}"),
        ({"op": "in", "value": "a"}, "/value: must be a list of at least one value"),
        ({"op": "not_in", "value": []}, "/value: must be a list of at least one value"),
        ({"op": "gt", "value": "1"}, "/value: must be a finite number"),
        ({"op": "lte", "value": False}, "/value: must be a finite number"),
        ({"op": "exists", "value": 1}, "/value: must be true or false"),
        (
            {"op": "regex", "value": "{0}("},
            f"/value: {REGEX}: repetition operator missing expression",
        ),
        ({"values": 1}, '/values: is unknown; did you mean "value"?'),
    ],
)
@pytest.mark.parametrize("key", ["require", "deny_if"])
def test_an_invalid_condition_is_refused(
    key: str, members: Mapping[str, object], problem: str
) -> None:
    condition = {"path": "args.a", "op": "eq", "value": 1, **members}
    found = problems_of_tool(**{key: [{"conditions": [condition]}]})
    assert found == [f"/{key}/0/conditions/0{problem}"]


def test_a_condition_needs_a_path_an_operator_and_a_value() -> None:
    assert problems_of_tool(require=[{"conditions": [NOTHING]}]) == [
        f"/require/0/conditions/0/{member}: is missing" for member in ("path", "op", "value")
    ]


def test_a_rate_limit_that_conflicts_with_a_limit_of_its_counter_is_refused() -> None:
    conflict = (
        'must have the same max, window and scope as the first limit with counter "X_rate_limit"'
    )
    short = {"max": 1, "window": "day"}
    named = {"counter": "X_rate_limit", "max": 2, "window": "day"}
    for scope in ({}, {"scope": "grant"}):
        all_tools = {"limits": [{**named, **scope}]}
        found = problems_with(all_tools=all_tools, tools={"W": {}, "X": {"rate_limit": short}})
        assert found == [f"/tools/X/rate_limit: {conflict}"]
    tools = {"X": {"rate_limit": short}, "Y": {"limits": [named]}}
    assert problems_with(tools=tools) == [f"/tools/Y/limits/0: {conflict}"]


# By themselves


def test_a_rate_limit_is_a_limit_per_session_with_its_own_counter() -> None:
    short = RateLimit(max=10, window=60)
    assert short.of("X") == Limit(counter="X_rate_limit", window=60, max=10, scope="session")


def test_a_condition_compares_the_argument_at_its_path() -> None:
    condition = Condition(path="args.a.b", op="eq", value=1)
    assert condition.holds({"a": {"b": 1}}) is True
    assert condition.holds({"a": {"b": 2}}) is False
    assert condition.holds({"b": 1}) is None


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("a", '"a"'),
        ((1, None, {"b": True}), '[1, null, {"b": true}]'),
        ("\n\x7f\u2028", '"\\n\\u007f\\u2028"'),
        ("z" * 58, '"' + "z" * 58 + '"'),
        ("z" * 59, '"' + "z" * 59 + "…"),
    ],
)
def test_a_condition_is_described_with_its_value_in_at_most_60_characters_of_json(
    value: object, words: str
) -> None:
    assert Condition(path="args.a", op="neq", value=value).words == f"args.a neq {words}"
