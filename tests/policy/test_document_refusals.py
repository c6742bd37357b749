import json
import re
from collections.abc import Mapping, Sequence
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from binance_mcp.errors import PolicyError, Problem
from binance_mcp.policy.document import load

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


def problems_with(**members: object) -> list[str]:
    members = {"version": "1", "default": "deny", **members}
    return [str(problem) for problem in problems(json.dumps(members))]


def problems_of_limit(**members: object) -> list[str]:
    found = problems_with(tools={"X": {"limits": [{**LIMIT, **members}]}})
    return [problem.removeprefix("/tools/X/limits/0") for problem in found]


def test_what_cannot_be_read_is_one_problem() -> None:
    (problem,) = problems("{")
    assert problem.where == ""
    assert problem.message.startswith("must be JSON, and is not at line 1, column 2: ")


@pytest.mark.parametrize("text", ["[]", "null", '"deny"', "1"])
def test_what_is_no_object_is_refused(text: str) -> None:
    assert problems(text) == (Problem("", "must be an object"),)


def test_version_and_default_are_necessary() -> None:
    assert problems("{}") == (
        Problem("/version", "is missing"),
        Problem("/default", "is missing"),
    )


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
        ({"hide": ["X", "Y", "X"]}, "/hide/2: must stand only once"),
        ({"tools": ["X"]}, "/tools: must be an object"),
        ({"tools": {"X": None}}, "/tools/X: must be an object"),
        ({"tools": {"": {}}}, f"/tools/: must stand under a tool's name: {NAME}"),
        ({"tools": {"X": {"limits": {}}}}, "/tools/X/limits: must be a list"),
        ({"tools": {"X": {"limits": [1]}}}, "/tools/X/limits/0: must be an object"),
        ({"tools": {"a/b~c": 1}}, "/tools/a~1b~0c: must be an object"),
        ({"all_tools": []}, "/all_tools: must be an object"),
        ({"all_tools": {"limits": None}}, "/all_tools/limits: must be a list"),
    ],
)
def test_a_bad_part_is_refused(members: Mapping[str, object], problem: str) -> None:
    assert problems_with(**members) == [problem]


@pytest.mark.parametrize("window", ["fortnight", "60", "Minute", "", 0, -1, 2_678_401, True, None])
def test_a_bad_window_is_refused(window: object) -> None:
    assert problems_of_limit(window=window) == [f"/window: {WINDOW}"]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_a_window_that_is_not_finite_is_refused(number: str) -> None:
    limit = f'{{"counter": "calls", "max": 1, "window": {number}}}'
    text = f'{{"version": "1", "default": "deny", "all_tools": {{"limits": [{limit}]}}}}'
    place = "/all_tools/limits/0/window"
    assert problems(text) == (Problem(place, "must be a finite number"), Problem(place, WINDOW))


@pytest.mark.parametrize("most", [0, -1, 1.0, 1.5, 1_000_000_001, 10**30, "60", True, None])
def test_a_bad_max_is_refused(most: object) -> None:
    assert problems_of_limit(max=most) == [
        "/max: must be a whole number of calls from 1 to 1000000000"
    ]


@pytest.mark.parametrize("scope", ["everyone", "Grant", "", 1, None])
def test_a_bad_scope_is_refused(scope: object) -> None:
    assert problems_of_limit(scope=scope) == ['/scope: must be "session", "grant" or "server"']


@pytest.mark.parametrize("counter", ["", " \t", "a\nb", 1, None])
def test_a_bad_counter_is_refused(counter: object) -> None:
    assert problems_of_limit(counter=counter) == [f"/counter: must be a name: {NAME}"]


@pytest.mark.parametrize("other", [{"max": 3}, {"window": 60}, {"scope": "grant"}])
@pytest.mark.parametrize("place", ["X", "Y"])
def test_a_counter_with_two_meanings_is_refused_at_the_second(
    other: Mapping[str, object], place: str
) -> None:
    tools: dict[str, object] = {"X": {"limits": [LIMIT]}, "Y": {"limits": [LIMIT]}}
    tools[place] = {"limits": [LIMIT, {**LIMIT, **other}]}
    (problem,) = problems_with(all_tools={"limits": [LIMIT]}, tools=tools)
    assert problem == (
        f"/tools/{place}/limits/1: must have the max, window and scope with which counter"
        ' "calls" stands first in the document'
    )


@pytest.mark.parametrize("key", ["require", "deny_if", "action", "reason", "rate_limit"])
def test_a_kind_of_rule_that_would_not_be_enforced_is_refused(key: str) -> None:
    (problem,) = problems_with(tools={"X": {key: []}})
    assert problem.startswith(f"/tools/X/{key}: is unknown; ")


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
def test_an_unknown_key_is_refused(members: Mapping[str, object], problem: str) -> None:
    assert problems_with(**members) == [problem]


def test_all_problems_are_told_at_once() -> None:
    text = """{"default": "deny", "default": "deny", "hide": ["X", "X"], "extra": NaN, "tools": {
        "X": {"limits": [{"counter": "calls", "window": "minute", "max": 1},
                         {"counter": "calls", "window": "minute", "max": 2},
                         {"window": "month", "max": 0}]}
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
    }


def test_a_fault_of_the_json_alone_is_reason_enough_to_refuse() -> None:
    assert problems('{"version": "1", "default": "deny", "default": "allow"}') == (
        Problem("/default", "must stand only once"),
    )


def test_every_line_of_a_refusal_names_its_source() -> None:
    with pytest.raises(PolicyError) as refused:
        load("policies/mine.json", "{}")
    assert str(refused.value).splitlines() == [
        "policies/mine.json: /version: is missing",
        "policies/mine.json: /default: is missing",
    ]


WORDS: Final = st.sampled_from(
    [
        *("version", "1", "default", "deny", "allow", "hide", "*", "all_tools", "tools", "limits"),
        *("counter", "window", "minute", "max", "scope", "grant", "$schema", "[key]", "\ud800"),
    ]
)
JSON: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | WORDS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(WORDS | st.text(), inner, max_size=5)
    ),
)
MEMBERS: Final = st.dictionaries(WORDS, JSON, max_size=3)


def is_document_or_refused_in_plain_words(text: str | bytes) -> bool:
    try:
        load("policy.json", text)
    except PolicyError as error:
        words = str(error).encode().decode()
        return bool(error.problems) and not re.search("pydantic|Input should|https?:", words)
    return True


@given(st.binary() | st.text())
def test_any_text_is_a_document_or_refused(text: str | bytes) -> None:
    assert is_document_or_refused_in_plain_words(text)


@given(JSON)
@settings(deadline=None)
def test_any_json_is_a_document_or_refused(value: object) -> None:
    assert is_document_or_refused_in_plain_words(json.dumps(value))


@given(MEMBERS, st.lists(JSON, max_size=2), MEMBERS)
@settings(deadline=None)
def test_anything_in_a_document_is_understood_or_refused(
    members: dict[str, object], limits: list[object], limit: dict[str, object]
) -> None:
    part = {"limits": [*limits, {**LIMIT, **limit}]}
    whole = {"version": "1", "default": "deny", "all_tools": part, "tools": {"X": part}, **members}
    assert is_document_or_refused_in_plain_words(json.dumps(whole))
