import anyio
import pytest

from binance_mcp.errors import LimitStatus, PolicyDeniedError
from binance_mcp.policy.admission import Approval
from binance_mcp.policy.call import Call, Caller
from binance_mcp.policy.gate import Gate
from binance_mcp.policy.language.document import Document, load

CALLER = Caller(grant="a grant", session="a session")
POLICY = load(
    "policy.json",
    """{"version": "1", "default": "deny", "hide": ["Hidden"], "tools": {
        "Limited": {"limits": [{"counter": "calls", "window": "minute", "max": 1}]},
        "Free": {},
        "Asked": {"action": "require_approval", "rate_limit": {"max": 1, "window": "day"}},
        "Hidden": {"limits": [{"counter": "hidden", "window": "minute", "max": 1}]}
    }}""",
)


def code_of_denial(gate: Gate, tool: str) -> str:
    with pytest.raises(PolicyDeniedError) as denied:
        gate.admit(CALLER, Call(tool, {}))
    return denied.value.code


def test_the_gate_admits_or_denies_a_call_by_the_policy() -> None:
    gate = Gate(POLICY, clock=lambda: 0.0)
    gate.admit(CALLER, Call("Free", {}))
    assert code_of_denial(gate, "Hidden") == "hidden"
    assert code_of_denial(gate, "Unlisted") == "not_listed"


def test_the_gate_knows_hidden_tools() -> None:
    gate = Gate(POLICY, clock=lambda: 0.0)
    assert gate.is_hidden("Hidden")
    assert not gate.is_hidden("Free")


@pytest.mark.anyio
async def test_a_call_is_admitted_again_after_its_retry_after() -> None:
    gate = Gate(POLICY)
    gate.admit(CALLER, Call("Limited", {}))
    await anyio.sleep(59.5)
    assert code_of_denial(gate, "Limited") == "limit_exceeded"
    await anyio.sleep(0.5)
    gate.admit(CALLER, Call("Limited", {}))


def test_gates_do_not_share_counters() -> None:
    for _ in range(2):
        Gate(POLICY, clock=lambda: 0.0).admit(CALLER, Call("Limited", {}))


def test_an_admission_that_requires_approval_is_counted() -> None:
    gate = Gate(POLICY, clock=lambda: 0.0)
    assert gate.admit(CALLER, Call("Free", {})).approval is None
    approval = gate.admit(CALLER, Call("Asked", {})).approval
    assert isinstance(approval, Approval)
    assert approval.rule == "/tools/Asked/action"
    assert code_of_denial(gate, "Asked") == "limit_exceeded"


def test_a_review_returns_the_admission_of_a_call_without_counting_it() -> None:
    gate = Gate(POLICY, clock=lambda: 0.0)
    call = Call("Asked", {})
    for _ in range(3):
        assert gate.review(call) == gate.review(call)
    assert gate.admit(CALLER, call) == gate.review(call)
    with pytest.raises(PolicyDeniedError, match="hidden"):
        gate.review(Call("Hidden", {}))


def test_an_admitted_call_is_never_refunded() -> None:
    gate = Gate(POLICY, clock=lambda: 0.0)
    gate.admit(CALLER, Call("Limited", {}))
    for _ in range(3):
        assert code_of_denial(gate, "Limited") == "limit_exceeded"


# What is left


def test_remaining_calls_are_reported_for_every_tool_that_is_not_hidden() -> None:
    gate = Gate(POLICY, clock=lambda: 0.0)
    gate.admit(CALLER, Call("Limited", {}))
    assert list(gate.remaining(CALLER)) == [
        LimitStatus("calls", "minute", 1, "session", remaining=0),
        LimitStatus("Asked_rate_limit", "day", 1, "session", remaining=1),
    ]


@pytest.mark.anyio
async def test_remaining_calls_grow_when_a_window_has_passed() -> None:
    gate = Gate(POLICY)
    gate.admit(CALLER, Call("Limited", {}))
    await anyio.sleep(60)
    assert [status.remaining for status in gate.remaining(CALLER)] == [1, 1]


# Another document


def policy_with(limit: str) -> Document:
    tools = f'"tools": {{"Limited": {{"limits": [{limit}]}}}}'
    return load("policy.json", f'{{"version": "1", "default": "deny", {tools}}}')


def test_a_replaced_policy_is_active_from_the_next_call_on() -> None:
    gate = Gate(policy_with(""), clock=lambda: 0.0)
    gate.admit(CALLER, Call("Limited", {}))
    gate.replace(load("policy.json", '{"version": "1", "default": "allow", "hide": ["Limited"]}'))
    assert gate.is_hidden("Limited")
    assert code_of_denial(gate, "Limited") == "hidden"
    gate.admit(CALLER, Call("Free", {}))


def test_calls_stay_counted_when_the_policy_is_replaced() -> None:
    gate = Gate(policy_with('{"counter": "c", "window": "minute", "max": 2}'), clock=lambda: 0.0)
    gate.admit(CALLER, Call("Limited", {}))
    gate.replace(policy_with('{"counter": "c", "window": 60, "max": 1}'))
    assert code_of_denial(gate, "Limited") == "limit_exceeded"
    gate.replace(policy_with('{"counter": "c", "window": 60, "max": 2}'))
    gate.admit(CALLER, Call("Limited", {}))


def test_calls_are_forgotten_when_a_new_policy_lacks_their_counter() -> None:
    named = policy_with('{"counter": "c", "window": "minute", "max": 1}')
    gate = Gate(named, clock=lambda: 0.0)
    gate.admit(CALLER, Call("Limited", {}))
    gate.replace(policy_with(""))
    gate.replace(named)
    gate.admit(CALLER, Call("Limited", {}))


def test_hiding_a_tool_temporarily_does_not_forget_its_calls() -> None:
    gate = Gate(POLICY, clock=lambda: 0.0)
    gate.admit(CALLER, Call("Limited", {}))
    gate.replace(POLICY.model_copy(update={"hide": frozenset({"*"})}))
    gate.replace(POLICY)
    assert code_of_denial(gate, "Limited") == "limit_exceeded"


def test_the_remaining_calls_of_a_tool_are_those_of_its_tightest_limit() -> None:
    gate = Gate(
        load(
            "policy.json",
            """{"version": "1", "default": "allow", "tools": {
                "Tight": {"limits": [{"counter": "tight", "window": "minute", "max": 2},
                                     {"counter": "wide", "window": "minute", "max": 9}]},
                "Free": {}
            }}""",
        ),
        clock=lambda: 0.0,
    )
    gate.admit(CALLER, Call("Tight", {}))
    assert [gate.left(CALLER, tool) for tool in ("Tight", "Free", "Unlisted")] == [1, None, None]


def test_a_tool_denied_by_a_new_policy_reports_no_remaining_calls() -> None:
    gate = Gate(POLICY, clock=lambda: 0.0)
    gate.admit(CALLER, Call("Limited", {}))
    gate.replace(load("policy.json", '{"version": "1", "default": "deny", "tools": {}}'))
    assert gate.left(CALLER, "Limited") is None


OTHERS_LIMIT = Document.model_validate(
    {
        "version": "1",
        "default": "deny",
        "hide": ("Hidden",),
        "all_tools": {"limits": ({"counter": "all", "window": "minute", "max": 2},)},
        "tools": {"Known": {"limits": ({"counter": "own", "window": "minute", "max": 1},)}},
    }
)


@pytest.mark.parametrize(("tool", "code"), [("Hidden", "hidden"), ("Made up", "unknown_tool")])
def test_calls_of_hidden_and_unknown_tools_count_under_the_all_tools_limits(
    tool: str, code: str
) -> None:
    gate = Gate(OTHERS_LIMIT, {"Known", "Hidden"}, clock=lambda: 0.0)
    codes: list[str] = []
    for _ in range(3):
        with pytest.raises(PolicyDeniedError) as denied:
            gate.admit(CALLER, Call(tool, {}))
        codes.append(denied.value.code)
    assert codes == [code, code, "limit_exceeded"]


def test_remaining_calls_are_reported_for_existing_tools_only() -> None:
    counters = [
        [left.counter for left in Gate(OTHERS_LIMIT, tools, lambda: 0.0).remaining(CALLER)]
        for tools in ({"Other"}, None)
    ]
    assert counters == [["all"], ["own", "all"]]
