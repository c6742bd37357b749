import json
from functools import reduce
from typing import Any, cast

import pytest
from hypothesis import given

from binance_mcp.errors import Problem
from binance_mcp.policy.language.document import load
from binance_mcp.policy.review.warnings import ServerFacts
from binance_mcp.policy.review.warnings import warnings as found_warnings
from tests.policy.documents import DOCUMENTS, Json

FACTS = ServerFacts(
    tools={"Keep": {"id", "window"}, "Open": {"window"}, "Read": None},
    calls_per_minute=2400,
    keepalive="Keep",
    longest_pause=3000,
)
GRANT: Json = {"counter": "grant", "window": "minute", "max": 240, "scope": "grant"}
CALM: Json = {"version": "1", "default": "deny", "all_tools": {"limits": [GRANT]}}
"""A document about which there is nothing to say, once it lists a tool."""


def problems(document: Json) -> list[Problem]:
    return list(found_warnings(load("policy.json", json.dumps(document)), FACTS))


def warnings(**changes: object) -> list[str]:
    """Return the warnings about the calm document with some keys changed."""
    return list(map(str, problems({**CALM, "tools": {"Open": {}}, **changes})))


def about(tool: Json, name: str = "Open") -> list[str]:
    """Return the warnings about what the calm document may say of a tool."""
    return warnings(tools={name: tool})


def limit(window: object, maximum: int, scope: str = "grant", counter: str = "c") -> Json:
    return {"counter": counter, "window": window, "max": maximum, "scope": scope}


def rule(*conditions: tuple[str, str, object]) -> Json:
    names = ("path", "op", "value")
    return {"conditions": [dict(zip(names, said, strict=True)) for said in conditions]}


def test_a_sensible_policy_has_no_warnings() -> None:
    assert warnings() == []
    assert (
        about(
            {
                "action": "require_approval",
                "reason": "It matters.",
                "deny_if": [rule(("args.window", "gt", 5))],
                "require": [rule(("args.id", "exists", True))],
                "limits": [limit("hour", 6)],
                "rate_limit": {"max": 2, "window": "hour"},
            },
            "Keep",
        )
        == []
    )


# What is not listed


def test_default_deny_without_listed_tools_is_warned_of() -> None:
    assert warnings(tools={}) == ["/default: denies every call, because `tools` lists no tool"]


def test_hide_without_listed_tools_is_warned_of() -> None:
    hint = "; `hide` takes away, and allows nothing"
    assert warnings(tools={}, hide=["Open"]) == [
        f"/default: denies every call, because `tools` lists no tool{hint}"
    ]


def test_default_allow_without_a_limit_is_warned_of() -> None:
    unlimited = "/default: allows what `tools` does not list, and nothing limits it"
    assert warnings(default="allow", all_tools={}, tools={}) == [unlimited]
    assert warnings(default="allow", all_tools={}, tools={}, hide=["Open"]) == [unlimited]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"all_tools": {}, "hide": ["*"]},
        {"all_tools": {}, "hide": ["Keep", "Open", "Read"]},
        {"all_tools": {}, "tools": {name: {"limits": [GRANT]} for name in FACTS.tools}},
    ],
)
def test_default_allow_with_a_limit_or_without_unlisted_tools_has_no_warning(changes: Json) -> None:
    allowing: Json = {"default": "allow", "tools": {}}
    assert warnings(**{**allowing, **changes}) == []


# Names


@pytest.mark.parametrize(
    ("name", "guess"), [("open", '; did you mean "Open"?'), ("Something else", "")]
)
def test_an_unknown_tool_name_is_warned_of_with_a_suggestion(name: str, guess: str) -> None:
    told = f'"{name}" is no tool of this server{guess}'
    assert about({}, name) == [f"/tools/{name}: {told}"]
    assert warnings(hide=[name]) == [f"/hide: {told}"]


def test_hide_of_every_tool_makes_listed_tools_ineffective() -> None:
    assert warnings(tools={"Open": {}}, hide=["*"]) == [
        "/tools/Open: has no effect: the tool is hidden"
    ]


# What never matters


def test_listing_a_hidden_tool_is_warned_of_as_ineffective() -> None:
    assert warnings(tools={"Open": {}, "Keep": {}}, hide=["Open"]) == [
        "/tools/Open: has no effect: the tool is hidden"
    ]


def test_listing_a_tool_without_rules_under_default_allow_is_warned_of() -> None:
    assert warnings(default="allow", tools={"Open": {}, "Keep": {"action": "deny"}}) == [
        "/tools/Open: has no effect: tools that are not listed are allowed too"
    ]


RULES: Json = {
    "deny_if": [rule(("args.window", "gt", 5))],
    "require": [rule(("args.window", "gt", 1))],
    "limits": [limit("hour", 6)],
    "rate_limit": {"max": 2, "window": "hour"},
}


def test_rules_after_action_deny_are_warned_of_as_ineffective() -> None:
    assert about({"action": "deny", "reason": "No.", **RULES}) == [
        f"/tools/Open/{key}: has no effect: every call is denied before"
        for key in ("deny_if", "require", "limits", "rate_limit")
    ]


def test_rules_after_a_rule_that_always_denies_are_warned_of_as_ineffective() -> None:
    assert about({**RULES, "deny_if": [rule()]}) == [
        f"/tools/Open/{key}: has no effect: every call is denied before"
        for key in ("require", "limits", "rate_limit")
    ]


def test_a_require_rule_without_conditions_is_warned_of() -> None:
    told = ["/tools/Open/require/1: has no effect: it has no conditions"]
    assert about({"require": [rule(("args.window", "gt", 1)), rule()]}) == told


def test_a_reason_with_action_allow_is_warned_of_as_unused() -> None:
    told = ['/tools/Open/reason: is never used, because `action` is "allow"']
    assert about({"reason": "Closing needs a human."}) == told


# Conditions


def test_a_deny_if_rule_with_contradictory_conditions_is_warned_of() -> None:
    impossible = rule(("args.window", "gt", 5), ("args.window", "lt", 5))
    assert about({"deny_if": [rule(("args.window", "gt", 5)), impossible]}) == [
        "/tools/Open/deny_if/1: never holds: its conditions exclude each other"
    ]


def test_contradictory_require_rules_are_warned_of() -> None:
    rules = [rule(("args.window", "gt", 5)), rule(("args.window", "lt", 5))]
    assert about({"deny_if": rules}) == []
    assert about({"require": rules}) == [
        "/tools/Open/require: denies every call: its conditions exclude each other"
    ]


@pytest.mark.parametrize("key", ["deny_if", "require"])
def test_an_unknown_argument_in_a_condition_is_warned_of(key: str) -> None:
    rules = [rule(("args.window.a", "gt", 5), ("args.widow.a", "gt", 5)), rule(("args.b", "eq", 1))]
    assert about({key: rules}) == [
        f"/tools/Open/{key}/{where}/path: the tool takes no argument {what}"
        for where, what in [
            ("0/conditions/1", '"widow"; did you mean "window"?'),
            ("1/conditions/0", '"b"'),
        ]
    ]


def test_arguments_of_a_tool_with_unknown_parameters_have_no_warning() -> None:
    assert about({"require": [rule(("args.anything", "gt", 5))]}, "Read") == []


# Limits


@pytest.mark.parametrize(("window", "maximum"), [("minute", 2401), ("second", 41), (3600, 144_001)])
def test_a_limit_above_that_of_the_exchange_is_warned_of(window: object, maximum: int) -> None:
    told = "is above the 2400 calls a minute that the exchange allows"
    said = limit(window, maximum)
    assert about({"limits": [limit("day", 9, counter="d"), said]}) == [
        f"/tools/Open/limits/1: {told}"
    ]
    assert warnings(all_tools={"limits": [said]}) == [f"/all_tools/limits/0: {told}"]
    assert about({"rate_limit": {"max": maximum, "window": window}}) == [
        f"/tools/Open/rate_limit: {told}"
    ]


@pytest.mark.parametrize(("window", "maximum"), [("minute", 2400), ("second", 40), (3600, 144_000)])
def test_a_limit_equal_to_that_of_the_exchange_has_no_warning(window: object, maximum: int) -> None:
    assert about({"limits": [limit(window, maximum)]}) == []


TOO_LOW = "is too low to call Keep every 50 minutes, as it must be"


@pytest.mark.parametrize(("window", "maximum"), [("day", 1), ("day", 28), ("hour", 1), (3001, 1)])
def test_a_limit_too_low_to_keep_a_listen_key_alive_is_warned_of(
    window: object, maximum: int
) -> None:
    said = limit(window, maximum)
    assert about({"limits": [said]}, "Keep") == [f"/tools/Keep/limits/0: {TOO_LOW}"]
    assert about({"limits": [said]}, "Open") == []
    assert warnings(all_tools={"limits": [said]}, tools={"Keep": {}}) == [
        f"/all_tools/limits/0: {TOO_LOW}"
    ]
    assert about({"rate_limit": {"max": maximum, "window": window}}, "Keep") == [
        f"/tools/Keep/rate_limit: {TOO_LOW}"
    ]


@pytest.mark.parametrize(("window", "maximum"), [("day", 29), ("hour", 2), (3000, 1)])
def test_a_limit_that_suffices_to_keep_a_listen_key_alive_has_no_warning(
    window: object, maximum: int
) -> None:
    assert about({"limits": [limit(window, maximum)]}, "Keep") == []


def test_a_low_limit_of_a_denied_keepalive_tool_has_no_warning() -> None:
    said = {"limits": [limit("day", 1)]}
    assert warnings(all_tools=said, tools={"Keep": {"action": "deny"}}) == []
    assert warnings(all_tools=said) == []
    assert warnings(all_tools=said, default="allow", tools={}) == [
        f"/all_tools/limits/0: {TOO_LOW}"
    ]


PER_SESSION = (
    "holds for each session by itself, and a caller can open many over HTTP; "
    'a limit with scope "grant" holds for all of them'
)


def test_a_limit_per_session_only_is_warned_of() -> None:
    said = {"limits": [limit("minute", 9, "session")]}
    assert warnings(all_tools={}, tools={"Open": said}) == [f"/tools/Open/limits/0: {PER_SESSION}"]
    assert warnings(all_tools=said, default="allow", tools={}) == [
        f"/all_tools/limits/0: {PER_SESSION}"
    ]
    short: Json = {"rate_limit": {"max": 9, "window": "minute"}}
    assert warnings(all_tools={}, tools={"Open": short}) == [
        f"/tools/Open/rate_limit: {PER_SESSION}"
    ]


@pytest.mark.parametrize("scope", ["grant", "server"])
def test_a_limit_per_session_beside_one_for_all_sessions_has_no_warning(scope: str) -> None:
    said = {"limits": [limit("minute", 9, "session"), limit("day", 99, scope, "d")]}
    assert warnings(all_tools={}, tools={"Open": said}) == []


# Any document


@given(DOCUMENTS)
def test_every_warning_has_a_pointer_into_the_policy(document: Json) -> None:
    for problem in problems(document):
        reduce(_step, problem.where.split("/")[1:], document)


def _step(value: object, token: str) -> object:
    if isinstance(value, list):
        return cast("list[Any]", value)[int(token)]
    return cast("dict[str, Any]", value)[token.replace("~1", "/").replace("~0", "~")]
