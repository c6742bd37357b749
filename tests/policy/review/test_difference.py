import json
from collections.abc import Sequence

import pytest
from hypothesis import given

from binance_mcp.errors import PolicyDeniedError
from binance_mcp.policy.call import Call
from binance_mcp.policy.language.document import Document, load
from binance_mcp.policy.review.difference import Difference, differences
from tests.policy.documents import ARGUMENTS, DOCUMENTS, TOOLS, Json, evaluate

MINUTE = {"counter": "c", "window": "minute", "max": 60}
EACH_MINUTE = "at most 60 times in any minute in one session"
LONG = {"conditions": [{"path": "args.x", "op": "gt", "value": 9}]}
IF_LONG = "denied if args.x is above 9"


def document(said: Json) -> Document:
    return load("policy.json", json.dumps({"version": "1", "default": "allow"} | dict(said)))


def compared(first: Json, second: Json, tools: Sequence[str] = ()) -> list[Difference]:
    return list(differences(document(first), document(second), tools))


def of_a(first: Json | None, second: Json | None) -> list[tuple[str, list[str], list[str]]]:
    """Return the differences of tool A, which has these rules, or is not listed."""
    rules: list[Json] = [{"tools": {} if of is None else {"A": of}} for of in (first, second)]
    found = compared(*rules, tools=["A"])
    return [(d.change, [*d.first], [*d.second]) for d in found if d.subject == "A"]


def test_a_policy_does_not_differ_from_itself() -> None:
    said = {"hide": ["B"], "tools": {"A": {"limits": [MINUTE], "deny_if": [LONG]}}}
    assert compared(said, said, ["A", "B", "C"]) == []


@pytest.mark.parametrize(
    ("first", "second", "change", "only_first", "only_second"),
    [
        ({}, {"action": "deny"}, "allows less", ["allowed"], ["denied"]),
        (
            {"action": "deny", "reason": "No."},
            {"action": "require_approval"},
            "allows more",
            ['denied: "No."'],
            ["allowed if the user approves the call"],
        ),
        ({}, {"limits": [MINUTE]}, "allows less", [], [EACH_MINUTE]),
        ({"limits": [MINUTE]}, {}, "allows more", [EACH_MINUTE], []),
        ({}, {"deny_if": [LONG]}, "allows less", [], [IF_LONG]),
        (
            {"limits": [MINUTE]},
            {"limits": [MINUTE | {"max": 10, "window": "hour", "scope": "grant"}]},
            "allows less",
            [EACH_MINUTE],
            ["at most 10 times in any hour by one caller, over all sessions"],
        ),
        (
            {"limits": [MINUTE]},
            {"limits": [MINUTE | {"max": 10, "window": "second"}]},
            "differs",
            [EACH_MINUTE],
            ["at most 10 times in any second in one session"],
        ),
        (
            {"limits": [MINUTE]},
            {"deny_if": [LONG]},
            "differs",
            [EACH_MINUTE],
            [IF_LONG],
        ),
        (
            {"action": "require_approval"},
            {"deny_if": [LONG]},
            "differs",
            ["allowed if the user approves the call"],
            ["allowed", IF_LONG],
        ),
    ],
)
def test_what_is_different_for_a_tool_is_told(
    first: Json, second: Json, change: str, only_first: list[str], only_second: list[str]
) -> None:
    assert of_a(first, second) == [(change, only_first, only_second)]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({}, None),
        ({"action": "deny", "reason": "No."}, {"action": "deny"}),
        ({"deny_if": [LONG]}, {"deny_if": [LONG | {"on_deny": "Too long."}]}),
        ({"limits": [MINUTE]}, {"limits": [MINUTE | {"counter": "another", "window": 60}]}),
    ],
)
def test_policies_that_allow_the_same_do_not_differ(first: Json, second: Json | None) -> None:
    assert of_a(first, second) == []


def test_limits_of_all_tools_and_tools_that_are_not_listed_are_compared() -> None:
    found = compared({"all_tools": {"limits": [MINUTE]}}, {"default": "deny"})
    assert found == [
        Difference("All tools together", "allows more", [EACH_MINUTE], []),
        Difference(
            "Every other tool",
            "allows less",
            ["allowed, because it is not listed"],
            ["denied, because it is not listed"],
        ),
    ]


def test_a_limit_of_all_tools_stands_for_a_wider_one_of_each() -> None:
    limited: Json = {"all_tools": {"limits": [MINUTE]}}
    wider = {"limits": [MINUTE | {"counter": "a", "max": 70}]}
    assert compared(limited, {**limited, "tools": {"A": wider}}) == []


def test_a_limit_that_counts_the_calls_of_fewer_tools_allows_more() -> None:
    shared = {"tools": {"A": {"limits": [MINUTE]}, "B": {"limits": [MINUTE]}}}
    own = {"tools": {"A": {"limits": [MINUTE]}, "B": {"limits": [MINUTE | {"counter": "b"}]}}}
    assert [(each.subject, each.change) for each in compared(shared, own)] == [
        ("A", "allows more"),
        ("B", "allows more"),
    ]
    every = {"all_tools": {"limits": [MINUTE]}, "tools": own["tools"]}
    assert [(each.subject, each.change) for each in compared(own, every) if each.first] == [
        ("A", "allows less")
    ]


def test_a_denied_tool_that_is_hidden_differs_although_it_allows_as_little() -> None:
    (found,) = compared({"tools": {"A": {"action": "deny"}}}, {"hide": ["A"]})
    assert (found.subject, found.change) == ("A", "differs")


def test_hiding_every_tool_is_told_of_each_tool_and_of_the_others() -> None:
    found = compared({}, {"hide": ["*"]}, ["A"])
    assert [(each.subject, each.change) for each in found] == [
        ("A", "allows less"),
        ("Every other tool", "allows less"),
    ]


@given(DOCUMENTS, DOCUMENTS, TOOLS, ARGUMENTS)
def test_a_policy_that_allows_less_denies_a_call_that_the_other_one_does(
    first: Json, second: Json, tool: str, arguments: Json
) -> None:
    found = {each.subject: each.change for each in compared(first, second, [tool])}
    call = Call(tool, arguments)
    before, after = is_admitted(first, call), is_admitted(second, call)
    if found.get(tool) in (None, "allows more"):
        assert after >= before
    if found.get(tool) in (None, "allows less"):
        assert before >= after


def is_admitted(said: Json, call: Call) -> bool:
    try:
        evaluate(document(said), call)
    except PolicyDeniedError:
        return False
    return True
