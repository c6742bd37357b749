import json
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binance_mcp.errors import PolicyError, Problem
from binance_mcp.policy.language.strict_json import Location, parse, pointer


def read(text: str | bytes) -> object:
    parsed = parse("a.json", text)
    assert not parsed.faults
    return parsed.value


def faults_of(text: str) -> list[str]:
    return [str(fault) for fault in parse("a.json", text).faults]


def refusal(text: str | bytes) -> str:
    with pytest.raises(PolicyError) as refused:
        parse("a.json", text)
    return str(refused.value)


def test_strict_json_reads_objects_as_dicts_and_arrays_as_tuples() -> None:
    assert read('{"a": [1, -2.5, "b", true, null, {}]}') == {"a": (1, -2.5, "b", True, None, {})}


@pytest.mark.parametrize("text", ['"é😀"', '"\\u00e9\\ud83d\\ude00"', '"é😀"'.encode()])
def test_strict_json_reads_escaped_and_unescaped_text(text: str | bytes) -> None:
    assert read(text) == "é😀"


def test_a_byte_order_mark_is_accepted() -> None:
    assert read(b"\xef\xbb\xbf{}") == {}


@pytest.mark.parametrize("text", [b"\xff{}", "{}".encode("utf-16"), '"\ud800"'])
def test_text_that_is_not_utf8_is_refused(text: str | bytes) -> None:
    assert refusal(text) == "a.json: /: must be UTF-8 text"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", "line 1, column 1: Expecting value"),
        ('{\n  "a": 1 2\n}', "line 2, column 10: Expecting ',' delimiter"),
        ('"a\tb"', "line 1, column 3: Invalid control character"),
        ("{} {}", "line 1, column 4: Extra data"),
    ],
)
def test_invalid_json_is_refused_with_line_and_column(text: str, place: str) -> None:
    assert refusal(text) == f"a.json: /: must be JSON; the error is at {place}"


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, "[" * 66 + "]" * 66])
def test_json_that_is_nested_too_deeply_is_refused(text: str) -> None:
    assert refusal(text) == "a.json: /: must not be nested this deeply"


def test_json_may_be_nested_64_levels_deep() -> None:
    assert read("[" * 65 + "]" * 65)


def test_every_repeated_key_is_a_fault_with_its_pointer() -> None:
    assert faults_of('{"a": [{"b": 1, "b": 2, "c": 3, "b": 4}], "a": 5}') == [
        "/a/0/b: must not be repeated",
        "/a/0/b: must not be repeated",
        "/a: must not be repeated",
    ]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "9" * 5000])
def test_a_number_that_is_not_finite_is_a_fault(number: str) -> None:
    assert faults_of(f'{{"a": [0, {number}]}}') == ["/a/1: must be a finite number"]


def test_a_long_integer_is_read_exactly() -> None:
    assert read("1" * 4300) == int("1" * 4300)


@pytest.mark.parametrize(
    ("text", "where"), [('["\\ud800"]', "/0"), ('{"\\ude00": 1}', "/"), ('"\\ud83d \\ude00"', "/")]
)
def test_a_lone_surrogate_is_a_fault(text: str, where: str) -> None:
    fault = "must be Unicode text without lone surrogates"
    assert faults_of(text) == [f"{where}: {fault}"]


def test_a_json_pointer_escapes_tilde_and_slash() -> None:
    assert pointer() == ""
    assert pointer("tools", "a/b~1", "limits", 0) == "/tools/a~1b~01/limits/0"


@given(st.lists(st.text()))
def test_a_json_pointer_can_be_split_into_its_tokens(tokens: list[str]) -> None:
    parts = pointer(*tokens).split("/")[1:]
    assert [part.replace("~1", "/").replace("~0", "~") for part in parts] == tokens


def test_a_fault_has_line_and_column_as_data() -> None:
    (fault,) = parse("a.json", '{"x": 0,\n  "a/b": NaN}').faults
    assert fault == Problem("/a~1b", "must be a finite number", line=2, column=10)


def test_a_fault_of_a_key_has_the_line_and_column_of_the_key() -> None:
    first, second = parse("a.json", '{"a": 1,\r\n "a": 2,\n\n"\\ud800": 3}').faults
    assert (first.line, first.column) == (2, 2)
    assert (second.line, second.column) == (4, 1)


def test_invalid_json_has_line_and_column_as_data() -> None:
    with pytest.raises(PolicyError) as refused:
        parse("a.json", "{\n  1}")
    (problem,) = refused.value.problems
    assert (problem.where, problem.line, problem.column) == ("", 2, 3)


@pytest.mark.parametrize(
    ("place", "of_name", "line", "column"),
    [
        ((), False, 1, 1),
        (("a",), False, 2, 8),
        (("a",), True, 2, 2),
        (("a", 1), False, 3, 1),
        (("a", 1, "b"), False, 3, 7),
        (("a", 1, "absent"), False, 3, 1),
        (("absent",), True, 1, 1),
    ],
)
def test_a_problem_has_the_line_and_column_of_a_value_or_key_or_its_missing_place(
    place: Location, *, of_name: bool, line: int, column: int
) -> None:
    parsed = parse("a.json", '\ufeff{\n "a" : ["{\\"[,",\n{"b" :7}] }')
    problem = parsed.problem(place, "is odd", of_name=of_name)
    assert problem == Problem(pointer(*place), "is odd", line, column)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner),
)


def with_lists(value: object) -> object:
    """Return the value as `json` would have read it."""
    if isinstance(value, dict):
        return {name: with_lists(item) for name, item in cast("dict[str, object]", value).items()}
    if isinstance(value, tuple):
        return [with_lists(item) for item in cast("tuple[object, ...]", value)]
    return value


@given(value=JSON, indent=st.sampled_from([None, 2]), is_ascii=st.booleans())
def test_any_json_value_is_read_unchanged(
    value: object, *, indent: int | None, is_ascii: bool
) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=is_ascii)
    assert with_lists(read(text)) == value
