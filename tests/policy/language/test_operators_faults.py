import math
from typing import Final

import pytest

from binance_mcp.policy.language.operators import Operator, fault

LIST: Final = "must be a list of at least one value"
NUMBER: Final = "must be a finite number"
BOOLEAN: Final = "must be true or false"
REGEX: Final = "must be a regular expression, without look-around and back-references"


@pytest.mark.parametrize(
    ("op", "literal", "sentence"),
    [
        ("in", "USD", LIST),
        ("in", (), LIST),
        ("not_in", {}, LIST),
        ("not_in", [], LIST),
        ("lt", "5", NUMBER),
        ("lte", True, NUMBER),
        ("gt", None, NUMBER),
        ("gte", math.inf, NUMBER),
        ("exists", "true", BOOLEAN),
        ("exists", 1, BOOLEAN),
        ("regex", 1, REGEX),
        ("regex", "(", f"{REGEX}: unclosed group"),
        ("regex", r"(a)\1", f"{REGEX}: backreferences are not supported"),
        ("regex", "a{1000}{1000}", f"{REGEX}: it is too large"),
    ],
)
def test_an_invalid_operator_value_is_a_fault(op: Operator, literal: object, sentence: str) -> None:
    assert (fault(op, literal) or "").startswith(sentence)


@pytest.mark.parametrize("op", ["eq", "neq", "contains"])
@pytest.mark.parametrize("literal", [None, 1, "a", (), {}])
def test_operators_without_value_restrictions_accept_any_value(
    op: Operator, literal: object
) -> None:
    assert fault(op, literal) is None
