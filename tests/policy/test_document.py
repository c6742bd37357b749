import json
from collections.abc import Mapping
from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from binance_mcp.errors import PolicyDeniedError, PolicyError
from binance_mcp.policy.document import (
    AppliedLimit,
    Call,
    Document,
    Limit,
    evaluate,
    is_hidden,
    load,
    load_default,
    load_file,
)

LIMIT: Final[Mapping[str, object]] = {"counter": "calls", "window": "minute", "max": 2}
TOOL_NAMES: Final = st.text(st.characters(categories=["L", "N", "P"]), min_size=1)


def document(**members: object) -> Document:
    return load("policy.json", json.dumps({"version": "1", "default": "deny", **members}))


def denial(policy: Document, tool: str) -> PolicyDeniedError:
    with pytest.raises(PolicyDeniedError) as denied:
        evaluate(policy, Call(tool, {}))
    return denied.value


def rules(policy: Document, tool: str) -> list[str]:
    return [applied.rule for applied in evaluate(policy, Call(tool, {}))]


# What is accepted


def test_the_shortest_document_says_its_version_and_its_default() -> None:
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
        '{"version":"1","default":"allow","hide":["*"]}',
    ],
)
def test_documents_of_the_hosted_policylayer_load_unchanged(text: str) -> None:
    loaded = load("policy.json", text)
    said = loaded.model_dump(mode="json", by_alias=True, exclude_unset=True)
    assert said == json.loads(text)


def test_the_address_of_a_schema_is_ignored() -> None:
    with_address = {"$schema": "https://example.com/policy.json"}
    assert rules(document(**with_address, default="allow"), "X") == []


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


def test_the_scope_is_the_session_unless_said_otherwise() -> None:
    loaded = document(all_tools={"limits": [LIMIT]})
    assert loaded.all_tools.limits[0].scope == "session"


def test_limits_of_one_counter_may_stand_anywhere_if_they_are_alike() -> None:
    limits = {"limits": [LIMIT, {**LIMIT, "scope": "session"}]}
    assert document(all_tools=limits, tools={"X": limits, "Y": limits})


def test_a_document_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        document().default = "allow"  # pyright: ignore[reportAttributeAccessIssue] - the point
    with pytest.raises(FrozenInstanceError):
        Call("X", {}).tool = "Y"  # pyright: ignore[reportAttributeAccessIssue] - the point


def test_parts_can_be_made_without_a_document() -> None:
    first = Limit(counter="calls", window="minute", max=1)
    second = Limit(counter="calls", window="minute", max=2)
    assert first != second
    parsed = Document.model_validate({"version": "1", "default": "deny", "hide": ("X", "X")})
    assert parsed.hide == {"X"}


# What a document says of a call


@given(TOOL_NAMES, st.lists(TOOL_NAMES))
@settings(deadline=None)
def test_under_default_deny_a_tool_is_admitted_if_it_is_listed_and_only_then(
    tool: str, listed: list[str]
) -> None:
    policy = document(tools={name: {"limits": [LIMIT]} for name in listed})
    for name in listed:
        assert len(rules(policy, name)) == 1
    if tool not in listed:
        assert denial(policy, tool).code == "not_listed"


def test_an_unlisted_tool_is_denied_by_the_default() -> None:
    denied = denial(document(tools={"X": {}}), "x")
    assert str(denied) == (
        "This tool is not listed in the policy, which denies every tool that it does not list."
    )
    assert (denied.code, denied.rule) == ("not_listed", "/default")
    assert denied.retry_after is denied.limit is None


@pytest.mark.parametrize("hide", [["X"], ["*"], ["W", "X"]])
@pytest.mark.parametrize("default", ["allow", "deny"])
@pytest.mark.parametrize("tools", [{}, {"X": {}}])
def test_a_hidden_tool_is_denied_whatever_else_is_said(
    hide: list[str], default: str, tools: Mapping[str, object]
) -> None:
    policy = document(hide=hide, default=default, tools=tools)
    denied = denial(policy, "X")
    assert is_hidden(policy, "X")
    assert str(denied) == "This tool is hidden by the policy."
    assert (denied.code, denied.rule) == ("hidden", "/hide")
    assert denied.retry_after is denied.limit is None


def test_a_tool_that_is_not_named_is_not_hidden() -> None:
    assert not is_hidden(document(hide=["X"]), "x")


def test_a_listed_tool_keeps_its_own_limits_and_those_of_all_tools() -> None:
    day = {"counter": "daily", "window": "day", "max": 9}
    policy = document(all_tools={"limits": [day]}, tools={"a/b": {"limits": [LIMIT, day]}})
    minutely = Limit(counter="calls", window="minute", max=2)
    daily = Limit(counter="daily", window="day", max=9)
    assert list(evaluate(policy, Call("a/b", {"any": "thing"}))) == [
        AppliedLimit("/tools/a~1b/limits/0", minutely),
        AppliedLimit("/tools/a~1b/limits/1", daily),
        AppliedLimit("/all_tools/limits/0", daily),
    ]


def test_under_default_allow_an_unlisted_tool_keeps_the_limits_of_all_tools() -> None:
    tools = {"X": {"limits": [LIMIT]}}
    policy = document(default="allow", all_tools={"limits": [LIMIT]}, tools=tools)
    assert rules(policy, "Y") == ["/all_tools/limits/0"]


# Files


def test_a_file_is_loaded(tmp_path: Path) -> None:
    path = tmp_path / "policy.json"
    path.write_text('{"version": "1", "default": "allow"}')
    assert load_file(path) == document(default="allow")


def test_a_bad_file_is_refused_by_its_name_and_without_its_content(tmp_path: Path) -> None:
    path = tmp_path / "policy.json"
    path.write_text("AKIAsecret")
    with pytest.raises(PolicyError) as refused:
        load_file(path)
    assert str(refused.value).startswith(f"{path}: /: must be JSON, and is not at line 1, column 1")
    assert "secret" not in str(refused.value)


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match=r"absent\.json: /: cannot be read: No such file"):
        load_file(tmp_path / "absent.json")
    with pytest.raises(PolicyError, match="/: cannot be read: "):
        load_file(tmp_path)


def test_a_file_may_have_a_mebibyte_and_no_more(tmp_path: Path) -> None:
    path = tmp_path / "policy.json"
    path.write_text('{"version": "1", "default": "allow"}'.ljust(1024 * 1024))
    assert load_file(path)
    path.write_text('{"version": "1", "default": "allow"}'.ljust(1024 * 1024 + 1))
    with pytest.raises(PolicyError, match="/: must not be larger than 1 MiB"):
        load_file(path)


# The policy that is shipped


def test_the_shipped_policy_allows_the_five_tools_and_nothing_else() -> None:
    policy = load_default()
    assert set(policy.tools) == {
        "BinanceFuturesCreateListenKey",
        "BinanceFuturesKeepAliveListenKey",
        "BinanceFuturesCloseListenKey",
        "BinanceFuturesGetListenKeyStatus",
        "BinanceFuturesReadUserEvents",
    }
    assert denial(policy, "BinanceFuturesPlaceOrder").code == "not_listed"


def test_the_shipped_policy_limits_each_tool_by_session_and_all_of_them_by_grant() -> None:
    policy = load_default()
    overall = Limit(counter="calls_per_minute", window="minute", max=240, scope="grant")
    for tool in policy.tools:
        own = Limit(counter=f"{tool.lower()}_rate", window="minute", max=60, scope="session")
        assert [applied.limit for applied in evaluate(policy, Call(tool, {}))] == [own, overall]
