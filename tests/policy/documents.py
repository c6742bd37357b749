"""Policy documents and calls for tests that hold for any of them."""

from collections.abc import Mapping
from typing import Final, TypeAlias

from hypothesis import strategies as st

from binance_mcp.policy.admission import Admission, check, terms
from binance_mcp.policy.call import Call
from binance_mcp.policy.language.document import Document

Json: TypeAlias = Mapping[str, object]

TOOLS: Final = st.sampled_from(["A", "B", "a/b~c", "limits"])
_NAMES: Final = st.sampled_from(["x", "y", "é"])
_NUMBERS: Final = (
    st.integers(-2, 2)
    | st.sampled_from([10**400, -(10**400), 2**63, 0.5])
    | st.floats(allow_nan=False, allow_infinity=False)
)
_WORDS: Final = st.sampled_from(["", "a", "ab", "A", "é"])
_LEAVES: Final = st.none() | st.booleans() | _NUMBERS | _WORDS
_VALUES: Final = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=3),
    max_leaves=4,
)


def _condition(ops: list[str], values: st.SearchStrategy[object]) -> st.SearchStrategy[Json]:
    paths = st.lists(_NAMES, min_size=1, max_size=2).map(lambda names: f"args.{'.'.join(names)}")
    return st.fixed_dictionaries({"path": paths, "op": st.sampled_from(ops), "value": values})


CONDITIONS: Final = (
    _condition(["eq", "neq", "contains"], _VALUES)
    | _condition(["in", "not_in"], st.lists(_VALUES, min_size=1, max_size=3))
    | _condition(["lt", "lte", "gt", "gte"], _NUMBERS)
    | _condition(["regex"], st.sampled_from(["", "^a", "b$", r"\d+", "(a|aa)+$", "é"]))
    | _condition(["exists"], st.booleans())
)
_SENTENCES: Final = st.sampled_from(["No.", "Ask {me}: %s", "é"])
RULES: Final = st.fixed_dictionaries(
    {"conditions": st.lists(CONDITIONS, max_size=2)}, optional={"on_deny": _SENTENCES}
)
LIMITS: Final = st.sampled_from(
    [
        {"counter": "one", "window": "minute", "max": 1},
        {"counter": "two", "window": 60, "max": 2, "scope": "grant"},
        {"counter": "three", "window": 0.5, "max": 3, "scope": "server"},
    ]
)
_SHORT: Final = st.fixed_dictionaries({"max": st.integers(1, 3), "window": st.just("minute")})
_RULES: Final = st.lists(RULES, max_size=2)
_LIMITS: Final = st.lists(LIMITS, max_size=2)
_TOOL: Final[st.SearchStrategy[Json]] = st.fixed_dictionaries(
    dict[str, st.SearchStrategy[object]](),
    optional={
        "action": st.sampled_from(["allow", "deny", "require_approval"]),
        "reason": _SENTENCES,
        "deny_if": _RULES,
        "require": _RULES,
        "limits": _LIMITS,
        "rate_limit": _SHORT,
    },
)
_ALL_TOOLS: Final[st.SearchStrategy[Json]] = st.fixed_dictionaries({"limits": _LIMITS})
DOCUMENTS: Final[st.SearchStrategy[Json]] = st.fixed_dictionaries(
    {"version": st.just("1"), "default": st.sampled_from(["allow", "deny"])},
    optional={
        "hide": st.lists(TOOLS | st.just("*"), unique=True, max_size=2),
        "all_tools": _ALL_TOOLS,
        "tools": st.dictionaries(TOOLS, _TOOL, max_size=3),
    },
)
"""Documents that are accepted."""


def _nested(levels: int) -> object:
    value: object = "a"
    for level in range(levels):
        value = [value] if level % 2 else {"x": value}
    return value


_ODD: Final = st.sampled_from(
    [float("nan"), float("inf"), float("-inf"), "\ud800", "a" * 70_000, 10**4000, 1e308]
)
_GIVEN: Final = st.recursive(
    _LEAVES | _ODD | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=3),
    max_leaves=4,
)
ARGUMENTS: Final[st.SearchStrategy[Json]] = st.dictionaries(
    _NAMES | st.text(), _GIVEN | st.sampled_from([99, 50_000]).map(_nested), max_size=3
)
"""The arguments of any call at all."""


def evaluate(document: Document, call: Call) -> Admission:
    """Return the terms on which the document admits the call; raise if it denies it."""
    check(document, call)
    return terms(document, call.tool)
