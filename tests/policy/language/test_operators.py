import math
import operator
from collections.abc import Callable, Mapping
from typing import Final, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binance_mcp.policy.language.operators import (
    ABSENT,
    Operator,
    Verdict,
    argument,
    comparison,
    fault,
)

OPERATORS: Final[tuple[Operator, ...]] = get_args(Operator)
NESTED: Final = 100_000


def verdict(op: Operator, literal: object, value: object) -> Verdict:
    assert fault(op, literal) is None
    return comparison(op, literal)(value)


def nested(levels: int) -> object:
    value: object = 1
    for _ in range(levels):
        value = [value]
    return value


# Equality


@pytest.mark.parametrize(
    ("literal", "value", "expected"),
    [
        ("5", "5", True),
        ("5", "6", False),
        ("5", 5, None),
        (1, 1.0, True),
        (1, 2.5, False),
        (1, True, None),
        (1, "1", None),
        (True, True, True),
        (True, False, False),
        (True, "true", None),
        (None, None, True),
        (None, 5, None),
        (5, None, None),
        (5, ABSENT, None),
        (None, ABSENT, None),
        (5, math.nan, None),
        (5, math.inf, None),
        (5, b"5", None),
        (10**400, 10**400, True),
        (10**400, 10**400 + 1, False),
        (2**53, float(2**53), True),
        (2**53 + 1, float(2**53), False),
        (1.5, 10**400, False),
        ("\ud800", "\ud800", True),
        ((1, "a"), [1.0, "a"], True),
        ((1, "a"), [1, "b"], False),
        ((1, "a"), [1], False),
        ((1,), [True], None),
        ((1, 2), [True, 3], False),
        ((1, None), [1, None], True),
        ((1,), [math.nan], None),
        ((1,), {"0": 1}, None),
        ({"a": (1,)}, {"a": [1]}, True),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        ({"a": 1}, {"a": 2}, False),
        ({"a": 1}, {"a": "1"}, None),
        ({"a": 1}, {"b": 1}, False),
        ({"a": 1}, {}, False),
        ((), [], True),
        ({}, {}, True),
    ],
)
def test_eq_compares_json_values_with_their_types(
    literal: object, value: object, expected: Verdict
) -> None:
    assert verdict("eq", literal, value) is expected
    assert verdict("neq", literal, value) is (None if expected is None else not expected)


def test_eq_cannot_compare_deeply_nested_values() -> None:
    assert verdict("eq", nested(64), nested(64)) is True
    assert verdict("eq", nested(65), nested(65)) is None
    assert verdict("eq", nested(64), nested(NESTED)) is None
    assert comparison("eq", nested(NESTED))(nested(NESTED)) is None


# Membership


@pytest.mark.parametrize(
    ("literal", "value", "expected"),
    [
        (("USD", "EUR"), "EUR", True),
        (("USD", "EUR"), "GBP", False),
        (("USD", 1), "GBP", False),
        ((1, 2), "1", None),
        ((1, 2), True, None),
        ((1, 2), 2.0, True),
        ((1, 2), math.nan, None),
        ((1, 2), ABSENT, None),
        ((1, 2), None, None),
        ((1, None), None, True),
        ((1, None), 2, False),
        (((1,), 2), [1], True),
        (((1,), 2), [3], False),
        (((1,), 2), [True], None),
    ],
)
def test_in_matches_an_equal_element_of_the_same_type(
    literal: object, value: object, expected: Verdict
) -> None:
    assert verdict("in", literal, value) is expected
    assert verdict("not_in", literal, value) is (None if expected is None else not expected)


@pytest.mark.parametrize(
    ("literal", "value", "expected"),
    [
        ("b", "abc", True),
        ("d", "abc", False),
        ("", "", True),
        (1, "1", None),
        ("b", ["a", "b"], True),
        ("b", ["a", "abc"], False),
        ("b", [1, "a"], False),
        ("b", [1, 2], None),
        (1, [True], None),
        (1, [1.0], True),
        (None, [None], True),
        ((1,), [[1]], True),
        ((1,), [[2], [True]], None),
        ("b", [], False),
        ("b", {"b": 1}, None),
        ("b", 5, None),
        ("b", None, None),
        ("b", ABSENT, None),
    ],
)
def test_contains_finds_substrings_and_list_elements(
    literal: object, value: object, expected: Verdict
) -> None:
    assert verdict("contains", literal, value) is expected


# Order

ORDERS: Final[Mapping[Operator, Callable[[float, float], bool]]] = {
    "lt": operator.lt,
    "lte": operator.le,
    "gt": operator.gt,
    "gte": operator.ge,
}
FINITE: Final = st.floats(allow_nan=False, allow_infinity=False)
NUMBERS: Final = (
    st.integers(-3, 3) | st.integers() | FINITE | st.sampled_from([10**400, -(10**400)])
)


@given(st.sampled_from(list(ORDERS)), NUMBERS, NUMBERS)
def test_order_operators_compare_numbers_of_any_size_exactly(
    op: Operator, most: float, value: float
) -> None:
    assert verdict(op, most, value) is ORDERS[op](value, most)


@pytest.mark.parametrize("op", ORDERS)
@pytest.mark.parametrize("value", ["6", True, None, ABSENT, math.nan, math.inf, -math.inf, [6], {}])
def test_order_operators_compare_finite_numbers_only(op: Operator, value: object) -> None:
    assert verdict(op, 5, value) is None


# Patterns


@pytest.mark.parametrize(
    ("pattern", "value", "expected"),
    [
        ("b+", "abbc", True),
        ("^b", "abbc", False),
        ("^a$", "a\n", False),
        (r"^/Users/[^/]+/(\.ssh|\.aws|secrets)", "/Users/me/.ssh/id", True),
        (r"^\p{Lu}", "Éa", True),
        ("1", 1, None),
        ("1", b"1", None),
        ("a", ["a"], None),
        (".*", None, None),
        (".*", ABSENT, None),
        ("a", "a\ud800", None),
        ("", "a" * 64 * 1024, True),
        ("", "a" * (64 * 1024 + 1), None),
        ("", "é" * 32 * 1024, True),
        ("", "é" * 32 * 1024 + "a", None),
    ],
)
def test_regex_matches_anywhere_in_a_text_of_up_to_64_kibibytes(
    pattern: str, value: object, expected: Verdict
) -> None:
    assert verdict("regex", pattern, value) is expected


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)+$", "(.*)(.*)(.*)(.*)x"])
def test_regex_has_no_catastrophic_backtracking(pattern: str) -> None:
    assert verdict("regex", pattern, "a" * 60_000 + "!") is False


# Existence


@pytest.mark.parametrize(
    ("value", "is_there"),
    [(ABSENT, False), (None, False), (0, True), ("", True), ([], True), (math.nan, True)],
)
def test_exists_treats_null_as_missing(value: object, *, is_there: bool) -> None:
    assert verdict("exists", literal=True, value=value) is is_there
    assert verdict("exists", literal=False, value=value) is not is_there


# Any value at all

JSON: Final = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.floats() | st.text() | st.just("\ud800"),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(st.sampled_from(OPERATORS), JSON, JSON | st.just(ABSENT))
def test_every_comparison_has_a_verdict(op: Operator, literal: object, value: object) -> None:
    if fault(op, literal) is None:
        assert verdict(op, literal, value) in (True, False, None)


@given(JSON, JSON)
def test_eq_is_symmetric(one: object, other: object) -> None:
    assert verdict("eq", one, other) is verdict("eq", other, one)


# Paths


@pytest.mark.parametrize(
    ("arguments", "value"),
    [
        ({"a": {"b": 1}}, 1),
        ({"a": {"b": None}}, None),
        ({"a": {"B": 1}}, ABSENT),
        ({"a": {}}, ABSENT),
        ({"a.b": 1}, ABSENT),
        ({"a": [{"b": 1}]}, ABSENT),
        ({"a": "b"}, ABSENT),
        ({}, ABSENT),
        ([("a", {"b": 1})], ABSENT),
        ("ab", ABSENT),
        (None, ABSENT),
    ],
)
def test_an_argument_path_leads_through_objects_only(arguments: object, value: object) -> None:
    assert argument(arguments, ["a", "b"]) is value
