"""Conditions on a call's arguments, in three-valued logic. Pure; knows nothing of documents.

A condition holds (True), does not hold (False), or cannot be compared (None). Types are those of
JSON: true is not 1, "5" is not 5, but 1 is 1.0. What is absent, null, not finite or of another
type than the policy's own value cannot be compared, except where an operator says otherwise.
"""

import math
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache, partial
from types import NoneType
from typing import Any, Final, Literal, TypeAlias, cast

from pydantic_core import SchemaError, SchemaValidator, core_schema

Operator: TypeAlias = Literal[
    "eq", "neq", "in", "not_in", "lt", "lte", "gt", "gte", "regex", "contains", "exists"
]
Verdict: TypeAlias = bool | None
Comparison: TypeAlias = Callable[[object], Verdict]

ABSENT: Final = object()
"""The value of an argument that is missing from a call."""

_KINDS: Final[Mapping[type, str]] = {
    NoneType: "null",
    bool: "boolean",
    int: "number",
    float: "number",
    str: "text",
    list: "list",
    tuple: "list",
    dict: "object",
}
_DEEPEST: Final = 64
_LONGEST_SEARCHED: Final = 64 * 1024
"""In bytes of UTF-8."""
_REGEX: Final = "must be a regular expression, without look-around and back-references"


def argument(arguments: object, path: Sequence[str]) -> object:
    """Return the value at `path` in nested objects, or `ABSENT`."""
    value = arguments
    for name in path:
        if not isinstance(value, Mapping):
            return ABSENT
        value = cast("Mapping[str, object]", value).get(name, ABSENT)
    return value


def comparison(op: Operator, literal: object) -> Comparison:
    """Return the comparison of an argument with the policy's value, which must have no `fault`.

    The pattern of `regex` may match anywhere in the text. It is searched for in linear time.
    """
    return partial(_VERDICTS[op], _searcher(str(literal)) if op == "regex" else literal)


def fault(op: Operator, literal: object) -> str | None:
    """Return what the policy's value must be for the operator; None if it is valid."""
    if op not in _WANTED:
        return None
    kind, sentence = _WANTED[op]
    if _kind(literal) != kind or literal in ([], ()):
        return sentence
    return _fault_of_pattern(str(literal)) if op == "regex" else None


def _equals(literal: Any, value: Any, depth: int = 0) -> Verdict:  # noqa: ANN401 - JSON
    kind = _kind(literal)
    if kind is None or kind != _kind(value) or depth > _DEEPEST:
        return None
    if kind == "list":
        pairs = zip(literal, value, strict=False)
        return len(literal) == len(value) and _all(_equals(*pair, depth + 1) for pair in pairs)
    if kind == "object":
        pairs = ((literal[name], value.get(name)) for name in literal)
        return literal.keys() == value.keys() and _all(_equals(*pair, depth + 1) for pair in pairs)
    return literal == value


def _is_among(value: object, elements: Sequence[object]) -> Verdict:
    """Compare with the elements of the same type; unknown, if all are of other types."""
    kind = _kind(value)
    verdicts = {_equals(element, value) for element in elements if _kind(element) == kind}
    if True in verdicts:
        return True
    return None if None in verdicts or (elements and not verdicts) else False


def _contains(literal: object, value: Any) -> Verdict:  # noqa: ANN401 - JSON
    if isinstance(value, str):
        return literal in value if isinstance(literal, str) else None
    return _is_among(literal, value) if _kind(value) == "list" else None


def _exists(literal: object, value: object) -> Verdict:
    return (value is not ABSENT and value is not None) is literal


def _matches(searcher: SchemaValidator, value: object) -> Verdict:
    if not isinstance(value, str) or len(value) > _LONGEST_SEARCHED:
        return None
    try:
        is_short = len(value.encode()) <= _LONGEST_SEARCHED
    except UnicodeEncodeError:  # a lone surrogate
        return None
    return searcher.isinstance_python(value) if is_short else None


def _not(verdict_of: Callable[[Any, Any], Verdict]) -> Callable[[Any, Any], Verdict]:
    def opposite(literal: object, value: object) -> Verdict:
        verdict = verdict_of(literal, value)
        return None if verdict is None else not verdict

    return opposite


def _ordered(is_so: Callable[[Any, Any], bool]) -> Callable[[Any, Any], Verdict]:
    return lambda literal, value: is_so(value, literal) if _kind(value) == "number" else None


def _all(verdicts: Iterable[Verdict]) -> Verdict:
    seen = set(verdicts)
    return False if False in seen else None if None in seen else True


def _kind(value: object) -> str | None:
    is_finite = not isinstance(value, float) or math.isfinite(value)
    return _KINDS.get(type(value)) if is_finite else None


@lru_cache(maxsize=1)  # a pattern is compiled to check it, and again to use it right after
def _searcher(pattern: str) -> SchemaValidator:
    return SchemaValidator(core_schema.str_schema(pattern=pattern, regex_engine="rust-regex"))


def _fault_of_pattern(pattern: str) -> str | None:
    try:
        _searcher(pattern)
    except SchemaError as error:
        _, _, reason = str(error).rpartition("\nerror: ")
        is_too_large = "size limit" in reason
        return f"{_REGEX}: {'it is too large' if is_too_large else reason}"
    return None


_VERDICTS: Final[Mapping[Operator, Callable[[Any, Any], Verdict]]] = {
    "eq": _equals,
    "neq": _not(_equals),
    "in": lambda literal, value: _is_among(value, literal),
    "not_in": _not(lambda literal, value: _is_among(value, literal)),
    "lt": _ordered(operator.lt),
    "lte": _ordered(operator.le),
    "gt": _ordered(operator.gt),
    "gte": _ordered(operator.ge),
    "regex": _matches,
    "contains": _contains,
    "exists": _exists,
}

_LIST: Final = ("list", "must be a list of at least one value")
_NUMBER: Final = ("number", "must be a finite number")
_WANTED: Final[Mapping[Operator, tuple[str, str]]] = {
    "in": _LIST,
    "not_in": _LIST,
    "lt": _NUMBER,
    "lte": _NUMBER,
    "gt": _NUMBER,
    "gte": _NUMBER,
    "regex": ("text", _REGEX),
    "exists": ("boolean", "must be true or false"),
}
