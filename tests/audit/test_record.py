import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from binance_mcp.audit.chain import LONGEST_LINE
from binance_mcp.audit.record import Record, ShadowDecision, entry

KEY = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"
SALT = b"a salt"
ALLOWED = Record(
    time=1_700_000_000.123_9,
    request_id=7,
    transport="http",
    grant="address:127.0.0.1",
    session="address:127.0.0.1/session:5f0c",
    tool="BinanceFuturesKeepAliveListenKey",
    arguments=("recvWindow", "listenKey"),
    policy="0123456789abcdef",
    outcome="ok",
    duration=0.012_345_6,
    remaining=59,
    upstream_status=200,
)
DENIED = replace(
    ALLOWED,
    outcome="denied",
    duration=0.0,
    code="limit_exceeded",
    rule="/all_tools/limits/0",
    remaining=0,
    upstream_status=None,
)
TEXTS = st.text(max_size=2_000) | st.text("😀\\\"'", min_size=300, max_size=400)


def told(record: Record, salt: bytes = SALT) -> dict[str, Any]:
    return json.loads(entry(record, salt))


def test_the_record_of_an_allowed_call_has_every_field() -> None:
    assert list(told(ALLOWED).items()) == [
        ("time", "2023-11-14T22:13:20.123Z"),
        ("requestId", "7"),
        ("transport", "http"),
        ("grant", "address:127.0.0.1"),
        ("session", "8db01f1dd92f21491fe0f365a4e0210d"),
        ("tool", "BinanceFuturesKeepAliveListenKey"),
        ("arguments", ["listenKey", "recvWindow"]),
        ("decision", "allow"),
        ("code", None),
        ("rule", None),
        ("remaining", 59),
        ("policy", "0123456789abcdef"),
        ("outcome", "ok"),
        ("errorCode", None),
        ("durationMs", 12.346),
        ("upstreamStatus", 200),
    ]


def test_the_record_of_a_denied_call_has_its_code_and_rule() -> None:
    fields = told(DENIED)
    assert (fields["decision"], fields["outcome"]) == ("deny", "denied")
    assert (fields["code"], fields["rule"]) == ("limit_exceeded", "/all_tools/limits/0")
    assert (fields["remaining"], fields["durationMs"], fields["upstreamStatus"]) == (0, 0.0, None)


@pytest.mark.parametrize("code", [-1125, "unreachable"])
def test_the_record_of_a_failed_call_has_the_decision_allow(code: str | int) -> None:
    fields = told(replace(ALLOWED, outcome="error", error_code=code))
    assert (fields["decision"], fields["outcome"], fields["errorCode"]) == ("allow", "error", code)


def test_the_time_of_a_record_always_has_milliseconds() -> None:
    assert told(replace(ALLOWED, time=0.0))["time"] == "1970-01-01T00:00:00.000Z"


def test_a_session_is_recorded_as_a_hash_that_identifies_it() -> None:
    other = replace(ALLOWED, session="another")
    assert told(ALLOWED)["session"] == told(DENIED)["session"]
    assert told(ALLOWED)["session"] != told(other)["session"]
    assert "5f0c" not in entry(ALLOWED, SALT)


def test_a_session_id_may_be_any_text() -> None:
    assert told(replace(ALLOWED, session="\ud800"))["session"].isalnum()


def test_the_session_hash_depends_on_the_salt() -> None:
    assert told(ALLOWED)["session"] != told(ALLOWED, b"another salt")["session"]


def test_keys_are_masked_in_every_field_of_a_record() -> None:
    record = replace(
        ALLOWED,
        request_id=KEY,
        grant=KEY,
        session=KEY,
        tool=f"Tool {KEY}",
        arguments=(KEY, f"{'x-' * 20}{KEY}"),
        code=KEY,
        rule=f"/tools/{'-' * 200}{KEY}",
        error_code=KEY,
    )
    assert KEY[4:12] not in entry(record, SALT)
    assert told(record)["tool"] == "Tool vmPU…"
    assert told(record)["arguments"] == ["vmPU…", f"{'x-' * 20}vmPU…"]


def test_long_tool_and_argument_names_are_truncated() -> None:
    record = replace(ALLOWED, tool="t " * 200, arguments=("n " * 32, "n " * 33))
    assert told(record)["tool"] == "t " * 127 + "t…"
    assert told(record)["arguments"] == ["n " * 32, "n " * 31 + "n…"]


def test_argument_names_after_the_64th_are_replaced_by_an_ellipsis() -> None:
    names = tuple(f"name{number:02}" for number in range(65))
    assert told(replace(ALLOWED, arguments=names[:64]))["arguments"] == list(names[:64])
    assert told(replace(ALLOWED, arguments=names[::-1]))["arguments"] == [*names[:64], "…"]


@pytest.mark.parametrize(
    "character", ["\n", "\x1b", "\x7f", "\u2028", "\u202e", "\ud800", "\ufeff"]
)
def test_unprintable_characters_are_replaced(character: str) -> None:
    record = replace(ALLOWED, tool=f"a{character}b", arguments=(f"{character}c",))
    assert (told(record)["tool"], told(record)["arguments"]) == ("a�b", ["�c"])


def test_unicode_text_is_recorded_unescaped() -> None:
    assert '"tool":"Schlüssel 鍵 🔑"' in entry(replace(ALLOWED, tool="Schlüssel 鍵 🔑"), SALT)


@settings(deadline=None)
@given(TEXTS, st.lists(TEXTS, max_size=80), st.integers() | TEXTS)
def test_every_record_is_one_printable_line(
    text: str, names: list[str], request_id: int | str
) -> None:
    record = replace(
        DENIED,
        request_id=request_id,
        grant=text,
        session=text,
        tool=text,
        arguments=tuple(names),
        code=text,
        rule=text,
        error_code=text,
    )
    assert entry(record, SALT).isprintable()
    assert entry(record, SALT).encode()


def test_the_longest_record_is_less_than_half_of_the_longest_line() -> None:
    long = "😀" * 1_000
    record = replace(
        DENIED,
        request_id=long,
        grant=long,
        session=long,
        tool=long,
        arguments=(long,) * 100,
        policy=long,
        code=long,
        rule=long,
        error_code=long,
    )
    assert 20_000 < len(entry(record, SALT).encode()) < LONGEST_LINE / 2 - 1_000


def test_the_decision_of_a_shadow_policy_is_recorded_if_it_is_different() -> None:
    assert "shadow" not in told(ALLOWED)
    shadow = ShadowDecision("deny", "fedcba9876543210", "/tools/A/action", "action_denied")
    assert told(replace(ALLOWED, shadow=shadow))["shadow"] == {
        "decision": "deny",
        "policy": "fedcba9876543210",
        "rule": "/tools/A/action",
        "code": "action_denied",
    }


def test_the_decision_of_a_shadow_policy_has_no_secret() -> None:
    shadow = ShadowDecision("deny", "fedcba9876543210", f"/tools/{KEY}")
    assert KEY not in entry(replace(ALLOWED, shadow=shadow), SALT)
