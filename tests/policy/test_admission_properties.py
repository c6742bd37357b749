import json
from copy import deepcopy
from typing import Any, Final

from hypothesis import given, settings
from hypothesis import strategies as st

from binance_mcp.errors import PolicyDeniedError
from binance_mcp.policy.admission import Admission
from binance_mcp.policy.call import Call, Caller
from binance_mcp.policy.gate import Gate
from binance_mcp.policy.language.document import Document, load
from tests.policy.documents import ARGUMENTS, DOCUMENTS, LIMITS, RULES, TOOLS, Json, evaluate

CALLER: Final = Caller(grant="a grant", session="a session")
CALLS: Final = st.builds(Call, TOOLS, ARGUMENTS)
DENIALS: Final = {
    "hidden": "/hide",
    "not_listed": "/default",
    "action_denied": "/tools/",
    "condition": "/tools/",
    "requirement": "/tools/",
    "limit_exceeded": "/",
}


def loaded(document: Json) -> Document:
    return load("policy.json", json.dumps(document))


def decision(policy: Document, call: Call) -> Admission | PolicyDeniedError:
    try:
        return evaluate(policy, call)
    except PolicyDeniedError as denied:
        return denied


def admitted(policy: Document, call: Call, calls: int) -> int:
    """Return how many of some equal calls at one moment are admitted, before the first denial."""
    gate = Gate(policy, clock=lambda: 0.0)
    for number in range(calls):
        try:
            gate.admit(CALLER, call)
        except PolicyDeniedError:
            return number
    return calls


@given(DOCUMENTS, CALLS)
@settings(deadline=None)
def test_every_call_is_admitted_or_denied_by_a_rule(document: Json, call: Call) -> None:
    decided = decision(loaded(document), call)
    if isinstance(decided, PolicyDeniedError):
        assert decided.rule.startswith(DENIALS[decided.code])
        assert str(decided).isprintable()
        assert 0 < len(str(decided)) <= 300
    else:
        for rule in [applied.rule for applied in decided.limits]:
            assert rule.startswith(("/tools/", "/all_tools/"))


@given(DOCUMENTS, CALLS)
@settings(deadline=None)
def test_the_same_call_always_gets_the_same_decision(document: Json, call: Call) -> None:
    first, second = (decision(loaded(document), call) for _ in range(2))
    if isinstance(first, PolicyDeniedError):
        assert isinstance(second, PolicyDeniedError)
        assert vars(first) == vars(second)
    else:
        assert first == second


@given(DOCUMENTS, CALLS)
@settings(deadline=None)
def test_no_unlisted_tool_is_admitted_under_default_deny(document: Json, call: Call) -> None:
    policy = loaded({**document, "default": "deny"})
    if call.tool not in policy.tools:
        decided = decision(policy, call)
        assert isinstance(decided, PolicyDeniedError)
        assert decided.code in ("hidden", "not_listed")


@given(DOCUMENTS, CALLS)
@settings(deadline=None)
def test_no_hidden_tool_is_admitted(document: Json, call: Call) -> None:
    decided = decision(loaded({**document, "hide": [call.tool]}), call)
    assert isinstance(decided, PolicyDeniedError)
    assert decided.code == "hidden"


ADDED: Final[st.SearchStrategy[tuple[str, object]]] = st.one_of(
    st.tuples(st.just("deny_if"), RULES),
    st.tuples(st.just("require"), RULES),
    st.tuples(st.just("limits"), LIMITS),
    st.tuples(st.just("all_tools"), LIMITS),
    st.tuples(st.just("hide"), TOOLS),
    st.tuples(st.just("action"), st.sampled_from(["deny", "require_approval"])),
)


def with_rule(document: Json, tool: str, kind: str, rule: Any) -> Json:  # noqa: ANN401 - JSON
    """Return the document with one more rule, for a tool that it lists or for all tools."""
    more: dict[str, Any] = deepcopy(dict(document))
    if kind == "all_tools":
        more.setdefault("all_tools", {"limits": []})["limits"].append(rule)
    elif kind == "hide":
        more["hide"] = sorted({*more.get("hide", []), rule})
    elif tool in more.get("tools", {}):
        _add(more["tools"][tool], kind, rule)
    return more


def _add(rules: dict[str, Any], kind: str, rule: object) -> None:
    if kind != "action":
        rules.setdefault(kind, []).append(rule)
    elif rules.get("action") != "deny":
        rules["action"] = rule


@given(DOCUMENTS, TOOLS, ADDED, CALLS)
@settings(deadline=None)
def test_an_additional_rule_never_admits_more_calls(
    document: Json, tool: str, added: tuple[str, object], call: Call
) -> None:
    less, more = loaded(document), loaded(with_rule(document, tool, *added))
    assert admitted(more, call, 4) <= admitted(less, call, 4)
    before, after = decision(less, call), decision(more, call)
    if isinstance(after, Admission):
        assert isinstance(before, Admission)
        assert (after.approval is None) <= (before.approval is None)


@given(DOCUMENTS, st.lists(CALLS, max_size=4))
@settings(deadline=None)
def test_a_denied_call_does_not_count_against_limits(document: Json, calls: list[Call]) -> None:
    gate = Gate(loaded(document), clock=lambda: 0.0)
    for call in calls * 2:
        before = gate.remaining(CALLER)
        try:
            gate.admit(CALLER, call)
        except PolicyDeniedError:
            if not gate.is_hidden(call.tool):  # else it counts like a tool that there is not
                assert gate.remaining(CALLER) == before
