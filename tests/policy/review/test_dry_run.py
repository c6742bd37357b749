import json

from hypothesis import given
from hypothesis import strategies as st

from binance_mcp.policy.call import Call
from binance_mcp.policy.language.document import load
from binance_mcp.policy.review.dry_run import Decision, dry_run
from tests.policy.documents import ARGUMENTS, DOCUMENTS, TOOLS, Json

POLICY = load(
    "policy.json",
    """{"version": "1", "default": "allow", "hide": ["Hidden"],
        "all_tools": {"limits": [{"counter": "all", "window": "day", "max": 9, "scope": "grant"}]},
        "tools": {
            "Limited": {"limits": [{"counter": "calls", "window": 10, "max": 2}]},
            "Asked": {"action": "require_approval", "reason": "It matters."},
            "Barred": {"action": "deny", "reason": "Never."}
    }}""",
)
FREE = load("policy.json", '{"version": "1", "default": "allow"}')


def decided(*tools: str, repeat: int = 1, every: float = 0.0) -> list[Decision]:
    return list(dry_run(POLICY, [Call(tool, {}) for tool in tools], repeat, every))


def test_an_allowed_call_is_reported_with_its_rule_and_remaining_calls() -> None:
    assert decided("Limited", "Other") == [
        Decision(0, "Limited", "allowed", "/tools/Limited", remaining=1),
        Decision(0, "Other", "allowed", "/default", remaining=7),
    ]


def test_a_call_without_limits_has_no_remaining_calls_to_report() -> None:
    assert [decision.remaining for decision in dry_run(FREE, [Call("Any", {})])] == [None]


def test_a_call_that_requires_approval_is_reported_with_its_reason() -> None:
    assert decided("Asked") == [
        Decision(0, "Asked", "approval required", "/tools/Asked/action", "It matters.", remaining=8)
    ]


def test_a_denied_call_is_reported_with_its_rule_and_counts_only_if_hidden() -> None:
    barred, hidden, other = decided("Barred", "Hidden", "Other")
    assert barred == Decision(
        0, "Barred", "denied", "/tools/Barred/action", "Never.", "action_denied"
    )
    assert (hidden.verdict, hidden.rule, hidden.code) == ("denied", "/hide", "hidden")
    assert other.remaining == 7


def test_repeated_calls_run_on_a_virtual_clock() -> None:
    decisions = decided("Limited", repeat=4, every=4)
    assert [(decision.at, decision.verdict) for decision in decisions] == [
        (0, "allowed"),
        (4, "allowed"),
        (8, "denied"),
        (12, "allowed"),
    ]
    denied = decisions[2]
    assert (denied.rule, denied.code) == ("/tools/Limited/limits/0", "limit_exceeded")
    assert (denied.wait, denied.remaining) == (2, 0)
    assert denied.reason.endswith("retry in 2 s.")


def test_simultaneous_calls_are_made_in_their_order() -> None:
    told = [(decision.at, decision.tool) for decision in decided("A", "B", repeat=2, every=1)]
    assert told == [(0, "A"), (0, "B"), (1, "A"), (1, "B")]


def test_every_dry_run_starts_with_empty_counters() -> None:
    assert decided("Limited") == decided("Limited")


@given(DOCUMENTS, TOOLS, ARGUMENTS, st.integers(1, 5), st.floats(0, 100))
def test_every_call_of_a_dry_run_gets_a_decision(
    said: Json, tool: str, arguments: Json, repeat: int, every: float
) -> None:
    document = load("policy.json", json.dumps(said))
    assert len(list(dry_run(document, [Call(tool, arguments)], repeat, every))) == repeat
