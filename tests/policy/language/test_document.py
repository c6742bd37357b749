import json
from collections.abc import Mapping, Sequence
from dataclasses import FrozenInstanceError
from typing import Final

import pytest
from pydantic import ValidationError

from binance_mcp.policy.call import Call
from binance_mcp.policy.language.document import Document, load
from binance_mcp.policy.language.rules import Limit

LIMIT: Final[Mapping[str, object]] = {"counter": "calls", "window": "minute", "max": 2}


def document(**members: object) -> Document:
    return load("policy.json", json.dumps({"version": "1", "default": "deny", **members}))


# What is accepted


def test_the_shortest_policy_has_version_and_default() -> None:
    assert load("policy.json", b'{"version": "1", "default": "allow"}').default == "allow"


@pytest.mark.parametrize(
    "text",
    [
        """{"version":"1","default":"deny","tools":{
          "BinanceFuturesKeepAliveListenKey":{"limits":[
             {"counter":"lk_keepalive_min","window":"minute","max":2,"scope":"grant"},
             {"counter":"lk_keepalive_hour","window":"hour","max":12,"scope":"grant"}]},
          "BinanceFuturesCreateListenKey":{"limits":[
             {"counter":"lk_create_hour","window":"hour","max":6,"scope":"grant"}]}}}""",
        """{"version":"1","default":"allow","hide":["BinanceFuturesCloseListenKey"],
         "all_tools":{"limits":[
             {"counter":"calls-per-minute","window":"minute","max":30,"scope":"grant"}]}}""",
        """{"version":"1","default":"deny","tools":{"BinanceFuturesCreateListenKey":{"limits":[
             {"counter":"binancefuturescreatelistenkey_rate",
              "window":"minute","max":10,"scope":"grant"}]}}}""",
        '{"version":"1","default":"deny","tools":{"BinanceFuturesCloseListenKey":{}}}',
        """{"version":"1","default":"deny","tools":{"BinanceFuturesCloseListenKey":{
             "deny_if":[{"conditions":[],"on_deny":"Closing the stream needs a human."}]}}}""",
        """{"version":"1","default":"allow","tools":{"create_charge":{"deny_if":[
             {"conditions":[{"path":"args.amount","op":"gt","value":100}],
              "on_deny":"Refund exceeds the policy limit."}]}}}""",
        """{"version":"1","default":"allow","tools":{
             "X":{"action":"deny","reason":"It is not for agents."},
             "Y":{"action":"require_approval"},
             "Z":{"action":"allow","rate_limit":{"max":10,"window":60}}}}""",
        '{"version":"1","default":"allow","hide":["*"]}',
    ],
)
def test_policies_of_the_hosted_policylayer_load_unchanged(text: str) -> None:
    loaded = load("policy.json", text)
    said = loaded.model_dump(mode="json", by_alias=True, exclude_unset=True)
    assert said == json.loads(text)


def test_the_schema_key_of_a_policy_is_ignored() -> None:
    with_address = {"$schema": "https://example.com/policy.json"}
    assert document(**with_address).tools == document().tools


@pytest.mark.parametrize(
    ("window", "seconds"),
    [
        ("second", 1),
        ("minute", 60),
        ("hour", 3600),
        ("day", 86_400),
        (0.5, 0.5),
        (90, 90),
        (2_678_400, 2_678_400),
    ],
)
def test_a_window_is_a_word_or_seconds(window: str | float, seconds: float) -> None:
    loaded = document(all_tools={"limits": [{**LIMIT, "window": window}]})
    (limit,) = loaded.all_tools.limits
    assert limit.seconds == seconds
    assert limit.window == window


def test_the_default_scope_of_a_limit_is_the_session() -> None:
    loaded = document(all_tools={"limits": [LIMIT]})
    assert loaded.all_tools.limits[0].scope == "session"


def test_equal_limits_may_share_a_counter_anywhere() -> None:
    limits = {"limits": [LIMIT, {**LIMIT, "scope": "session"}]}
    assert document(all_tools=limits, tools={"X": limits, "Y": limits})


@pytest.mark.parametrize("window", ["minute", 60])
def test_a_rate_limit_may_share_its_counter_with_an_equal_limit(window: object) -> None:
    short = {"max": 2, "window": window}
    named = {**short, "counter": "X_rate_limit"}
    assert document(all_tools={"limits": [named]}, tools={"X": {"rate_limit": short}})


CONDITIONS: Final[Sequence[Mapping[str, object]]] = [
    {"path": "args.a", "op": "eq", "value": None},
    {"path": "args.a.b-c.D 1", "op": "neq", "value": {"a": [1, {"b": None}]}},
    {"path": "args.é", "op": "in", "value": [None, 1, "a"]},
    {"path": "args.args", "op": "not_in", "value": [["a"]]},
    {"path": "args.a", "op": "lt", "value": -1.5},
    {"path": "args.a", "op": "lte", "value": 10**400},
    {"path": "args.a", "op": "gt", "value": 0},
    {"path": "args.a", "op": "gte", "value": 0},
    {"path": "args.a", "op": "regex", "value": ""},
    {"path": "args.a", "op": "contains", "value": "a"},
    {"path": "args.a", "op": "exists", "value": False},
]


@pytest.mark.parametrize("condition", CONDITIONS)
@pytest.mark.parametrize("key", ["require", "deny_if"])
def test_every_condition_operator_is_accepted(key: str, condition: Mapping[str, object]) -> None:
    tools = {"X": {key: [{"conditions": [condition], "on_deny": "No."}]}}
    said = document(tools=tools).model_dump(mode="json", by_alias=True, exclude_unset=True)
    assert said["tools"] == tools


def test_a_tool_with_action_deny_may_have_other_rules() -> None:
    everything: Mapping[str, object] = {
        "action": "deny",
        "reason": "For now.",
        "limits": [LIMIT],
        "rate_limit": {"max": 1, "window": "day"},
        "deny_if": [],
        "require": [],
    }
    assert document(tools={"X": everything}).tools["X"].action == "deny"


def test_equal_policies_compare_equal_and_others_do_not() -> None:
    rule = {"conditions": [{"path": "args.a", "op": "regex", "value": "b"}]}
    tools = {"X": {"deny_if": [rule]}}
    assert document(tools=tools) == document(tools=tools)
    assert document(tools=tools) != document(tools={"X": {"require": [rule]}})


def test_a_policy_document_is_immutable() -> None:
    with pytest.raises(ValidationError):
        document().default = "allow"  # pyright: ignore[reportAttributeAccessIssue] - the point
    with pytest.raises(FrozenInstanceError):
        Call("X", {}).tool = "Y"  # pyright: ignore[reportAttributeAccessIssue] - the point


def test_parts_of_a_policy_can_be_created_without_a_document() -> None:
    first = Limit(counter="calls", window="minute", max=1)
    second = Limit(counter="calls", window="minute", max=2)
    assert first != second
    short: Mapping[str, object] = {"max": 1, "window": "day"}
    parts: Mapping[str, object] = {"hide": ("X", "X"), "tools": {"X": {"rate_limit": short}}}
    parsed = Document.model_validate({"version": "1", "default": "deny", **parts})
    assert parsed.hide == {"X"}
