import json
from collections.abc import Mapping, Sequence
from typing import Final, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from binance_mcp.errors import PolicyDeniedError
from binance_mcp.policy.admission import (
    Admission,
    AppliedLimit,
    Approval,
    is_hidden,
    limits_of,
)
from binance_mcp.policy.call import Call
from binance_mcp.policy.language.document import Document, load
from binance_mcp.policy.language.rules import Limit
from tests.policy.documents import evaluate

LIMIT: Final[Mapping[str, object]] = {"counter": "calls", "window": "minute", "max": 2}
ANYTHING: Final[Mapping[str, Sequence[object]]] = {"conditions": []}
MINUTELY: Final = Limit(counter="calls", window="minute", max=2)
TOOL_NAMES: Final = st.text(st.characters(categories=["L", "N", "P"]), min_size=1)


def document(**members: object) -> Document:
    return load("policy.json", json.dumps({"version": "1", "default": "deny", **members}))


def tool(**members: object) -> Document:
    return document(tools={"a/b": members})


def rule(path: str, op: str, value: object, **members: object) -> Mapping[str, object]:
    return {"conditions": [{"path": path, "op": op, "value": value}], **members}


def denial(policy: Document, name: str = "a/b", **arguments: object) -> PolicyDeniedError:
    with pytest.raises(PolicyDeniedError) as denied:
        evaluate(policy, Call(name, arguments))
    assert denied.value.retry_after is denied.value.limit is None
    return denied.value


def admission(policy: Document, name: str = "a/b", **arguments: object) -> Admission:
    return evaluate(policy, Call(name, arguments))


def rules(policy: Document, name: str) -> list[str]:
    return [applied.rule for applied in admission(policy, name).limits]


def is_admitted(policy: Document, **arguments: object) -> bool:
    try:
        evaluate(policy, Call("a/b", arguments))
    except PolicyDeniedError:
        return False
    return True


# Hidden and unlisted tools


@given(TOOL_NAMES, st.lists(TOOL_NAMES))
@settings(deadline=None)
def test_under_default_deny_only_listed_tools_are_admitted(name: str, listed: list[str]) -> None:
    policy = document(tools={name: {"limits": [LIMIT]} for name in listed})
    for each in listed:
        assert len(rules(policy, each)) == 1
    if name not in listed:
        assert denial(policy, name).code == "not_listed"


def test_an_unlisted_tool_is_denied_by_the_default() -> None:
    denied = denial(document(tools={"X": {}}), "x")
    assert str(denied) == (
        "This tool is not listed in the policy, which denies every tool that it does not list."
    )
    assert (denied.code, denied.rule) == ("not_listed", "/default")


@pytest.mark.parametrize("hide", [["X"], ["*"], ["W", "X"]])
@pytest.mark.parametrize("default", ["allow", "deny"])
@pytest.mark.parametrize("tools", [{}, {"X": {}}, {"X": {"action": "deny"}}])
def test_a_hidden_tool_is_denied_whatever_else_the_policy_says(
    hide: list[str], default: str, tools: Mapping[str, object]
) -> None:
    policy = document(hide=hide, default=default, tools=tools)
    denied = denial(policy, "X")
    assert is_hidden(policy, "X")
    assert str(denied) == "This tool is hidden by the policy."
    assert (denied.code, denied.rule) == ("hidden", "/hide")


def test_a_tool_that_hide_does_not_name_is_not_hidden() -> None:
    assert not is_hidden(document(hide=["X"]), "x")


# Actions


def test_a_tool_with_action_deny_is_denied() -> None:
    denied = denial(tool(action="deny"))
    assert str(denied) == "The policy denies every call of this tool."
    assert (denied.code, denied.rule) == ("action_denied", "/tools/a~1b/action")


def test_a_denial_by_action_is_the_reason_only() -> None:
    assert str(denial(tool(action="deny", reason="Ask {Bob} first"))) == "Ask {Bob} first"


def test_a_reason_alone_denies_nothing() -> None:
    assert admission(tool(reason="It is harmless.")) == Admission(())
    assert admission(tool(action="allow", reason="It is harmless.")) == Admission(())


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"reason": "It closes the stream."}, "It closes the stream."),
        ({}, "The policy requires approval of every call of this tool."),
    ],
)
def test_a_tool_may_require_approval(members: Mapping[str, object], reason: str) -> None:
    admitted = admission(tool(action="require_approval", limits=[LIMIT], **members))
    assert admitted == Admission(
        (AppliedLimit("/tools/a~1b/limits/0", MINUTELY),),
        Approval("/tools/a~1b/action", reason),
    )


# Rules about arguments

AMOUNT: Final = rule("args.order.amount", "gt", 100)


def test_a_call_that_matches_a_deny_if_rule_is_denied() -> None:
    denied = denial(tool(deny_if=[rule("args.x", "eq", 1), AMOUNT]), x=2, order={"amount": 101})
    assert str(denied) == "The policy denies a call with args.order.amount gt 100."
    assert (denied.code, denied.rule) == ("condition", "/tools/a~1b/deny_if/1")


def test_a_call_that_does_not_fulfil_a_require_rule_is_denied() -> None:
    required = [rule("args.x", "exists", value=True), rule("args.y", "in", ["a", "b"])]
    denied = denial(tool(require=required), x=2, y="c")
    assert str(denied) == 'The policy requires args.y in ["a", "b"].'
    assert (denied.code, denied.rule) == ("requirement", "/tools/a~1b/require/1")


@pytest.mark.parametrize("key", ["deny_if", "require"])
def test_a_denial_is_the_on_deny_message_of_its_rule_only(key: str) -> None:
    named = rule("args.x", "eq", 1, on_deny="Not {x} \\1 %s!")
    assert str(denial(tool(**{key: [named]}))) == "Not {x} \\1 %s!"


def test_a_deny_if_rule_without_conditions_always_denies() -> None:
    denied = denial(tool(deny_if=[ANYTHING]), x=1)
    assert str(denied) == "The policy denies every call of this tool."
    assert (denied.code, denied.rule) == ("condition", "/tools/a~1b/deny_if/0")


def test_a_require_rule_without_conditions_never_denies() -> None:
    assert is_admitted(tool(require=[ANYTHING]))


BOTH: Final = {
    "conditions": [
        {"path": "args.x", "op": "gt", "value": 1},
        {"path": "args.y", "op": "eq", "value": "a"},
    ]
}


@pytest.mark.parametrize(
    ("arguments", "is_denied", "is_fulfilled"),
    [
        ({"x": 2, "y": "a"}, True, True),
        ({"x": 2, "y": "b"}, False, False),
        ({"x": 1, "y": "a"}, False, False),
        ({"x": 1}, False, False),
        ({"y": "b"}, False, False),
        ({"x": 2}, True, False),
        ({"y": "a"}, True, False),
        ({"x": "2", "y": "a"}, True, False),
        ({"x": float("nan"), "y": "a"}, True, False),
        ({}, True, False),
    ],
)
def test_an_undecidable_condition_never_admits_a_call(
    arguments: Mapping[str, object], *, is_denied: bool, is_fulfilled: bool
) -> None:
    assert is_admitted(tool(deny_if=[BOTH]), **arguments) is not is_denied
    assert is_admitted(tool(require=[BOTH]), **arguments) is is_fulfilled


def test_a_denial_names_all_conditions_of_its_rule() -> None:
    assert str(denial(tool(deny_if=[BOTH]), x=2, y="a")) == (
        'The policy denies a call with args.x gt 1 and args.y eq "a".'
    )


def test_a_denial_is_one_printable_line_of_300_characters_at_most() -> None:
    odd = {"path": "args." + "x" * 190, "op": "neq", "value": "\x7f\n\u2028é" + "z" * 1000}
    text = str(denial(tool(deny_if=[{"conditions": [odd, odd]}])))
    assert len(text) == 300
    assert text.isprintable()
    assert text.endswith("…")
    text = str(denial(tool(deny_if=[{"conditions": [odd]}])))
    assert text.endswith(' neq "\\u007f\\n\\u2028\\u00e9' + "z" * 39 + "….")


def test_a_denial_never_contains_an_argument_value_of_the_call() -> None:
    policy = tool(require=[rule("args.x", "eq", "wanted")])
    assert "given" not in str(denial(policy, x="given"))


@pytest.mark.parametrize("arguments", [["order"], "order", 5, None])
def test_arguments_that_are_not_an_object_are_denied(arguments: object) -> None:
    call = Call("a/b", cast("Mapping[str, object]", arguments))
    for policy in (tool(deny_if=[AMOUNT]), tool(require=[AMOUNT])):
        with pytest.raises(PolicyDeniedError):
            evaluate(policy, call)


def test_argument_names_in_rules_are_case_sensitive() -> None:
    policy = tool(deny_if=[rule("args.amount", "gt", 100)])
    assert is_admitted(policy, amount=1, Amount=500)
    assert not is_admitted(policy, Amount=1)


def test_conditions_distinguish_booleans_strings_and_numbers() -> None:
    policy = tool(require=[rule("args.x", "eq", value=True)])
    assert is_admitted(policy, x=True)
    assert not is_admitted(policy, x="true")
    assert not is_admitted(policy, x=1)


# Order


def test_the_first_denial_decides_in_order_action_deny_if_require() -> None:
    members: dict[str, object] = {
        "action": "deny",
        "deny_if": [{"conditions": [], "on_deny": "first"}, {"conditions": []}],
        "require": [rule("args.x", "eq", 1), rule("args.y", "eq", 1)],
        "limits": [LIMIT],
    }
    codes: list[str] = []
    for key in ("action", "deny_if", "require"):
        codes.append(f"{denial(tool(**members)).code} {denial(tool(**members)).rule}")
        del members[key]
    assert codes == [
        "action_denied /tools/a~1b/action",
        "condition /tools/a~1b/deny_if/0",
        "requirement /tools/a~1b/require/0",
    ]
    assert is_admitted(tool(**members))


# Limits


def test_a_listed_tool_has_its_own_limits_and_those_of_all_tools() -> None:
    day = {"counter": "daily", "window": "day", "max": 9}
    short = {"max": 3, "window": 60}
    policy = document(
        all_tools={"limits": [day]}, tools={"a/b": {"rate_limit": short, "limits": [LIMIT, day]}}
    )
    daily = Limit(counter="daily", window="day", max=9)
    assert list(admission(policy, any="thing").limits) == [
        AppliedLimit("/tools/a~1b/limits/0", MINUTELY),
        AppliedLimit("/tools/a~1b/limits/1", daily),
        AppliedLimit("/tools/a~1b/rate_limit", Limit(counter="a/b_rate_limit", window=60, max=3)),
        AppliedLimit("/all_tools/limits/0", daily),
    ]


def test_under_default_allow_an_unlisted_tool_has_the_limits_of_all_tools() -> None:
    tools = {"X": {"limits": [LIMIT]}}
    policy = document(default="allow", all_tools={"limits": [LIMIT]}, tools=tools)
    assert rules(policy, "Y") == ["/all_tools/limits/0"]


def test_the_limits_of_several_tools_are_theirs_and_those_of_all_tools() -> None:
    part = {"limits": [LIMIT]}
    short = {"rate_limit": {"max": 1, "window": "day"}}
    policy = document(all_tools=part, tools={"X": part, "Y": part, "Z": short})
    assert [applied.rule for applied in limits_of(policy, ["X", "Z"])] == [
        "/tools/X/limits/0",
        "/tools/Z/rate_limit",
        "/all_tools/limits/0",
    ]
