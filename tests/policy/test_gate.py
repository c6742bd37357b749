import anyio
import pytest

from binance_mcp.errors import PolicyDeniedError
from binance_mcp.policy.document import Call, load
from binance_mcp.policy.gate import Caller, Gate

CALLER = Caller(grant="a grant", session="a session")
POLICY = load(
    "policy.json",
    """{"version": "1", "default": "deny", "hide": ["Hidden"], "tools": {
        "Limited": {"limits": [{"counter": "calls", "window": "minute", "max": 1}]},
        "Free": {},
        "Hidden": {}
    }}""",
)


def code_of_denial(gate: Gate, tool: str) -> str:
    with pytest.raises(PolicyDeniedError) as denied:
        gate.admit(CALLER, Call(tool, {}))
    return denied.value.code


def test_a_call_is_admitted_or_refused_by_the_document() -> None:
    gate = Gate(POLICY, clock=lambda: 0.0)
    gate.admit(CALLER, Call("Free", {}))
    assert code_of_denial(gate, "Hidden") == "hidden"
    assert code_of_denial(gate, "Unlisted") == "not_listed"


def test_hidden_tools_are_known_to_be_hidden() -> None:
    gate = Gate(POLICY, clock=lambda: 0.0)
    assert gate.is_hidden("Hidden")
    assert not gate.is_hidden("Free")


@pytest.mark.anyio
async def test_a_call_is_possible_again_when_its_wait_is_over() -> None:
    gate = Gate(POLICY)
    gate.admit(CALLER, Call("Limited", {}))
    await anyio.sleep(59.5)
    assert code_of_denial(gate, "Limited") == "limit_exceeded"
    await anyio.sleep(0.5)
    gate.admit(CALLER, Call("Limited", {}))


def test_every_gate_counts_for_itself() -> None:
    for _ in range(2):
        Gate(POLICY, clock=lambda: 0.0).admit(CALLER, Call("Limited", {}))
