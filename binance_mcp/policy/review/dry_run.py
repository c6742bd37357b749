"""Dry-running calls against a policy on a simulated clock. No tool is called."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from binance_mcp.errors import PolicyDeniedError
from binance_mcp.policy.call import Call, Caller
from binance_mcp.policy.gate import Gate
from binance_mcp.policy.language.document import Document
from binance_mcp.policy.language.strict_json import pointer

Verdict: TypeAlias = Literal["allowed", "approval required", "denied"]

_CALLER: Final = Caller(grant="a grant", session="a session")


@dataclass(frozen=True)
class Decision:
    """The decision about one call."""

    at: float
    """Seconds after the first call."""
    tool: str
    verdict: Verdict
    rule: str
    """JSON pointer of the rule that decides."""
    reason: str = ""
    """Why it is denied, or what the user is asked to approve."""
    code: str | None = None
    """The code of the denial; None if it is not denied."""
    wait: float | None = None
    """Seconds until the same call would be allowed; None if waiting does not help."""
    remaining: int | None = None
    """How many more calls are possible now; None without limits."""


def dry_run(
    document: Document, calls: Sequence[Call], repeat: int = 1, every: float = 0.0
) -> Iterator[Decision]:
    """Decide about the calls of one session: at once, and again every `every` seconds."""
    now = 0.0
    gate = Gate(document, clock=lambda: now)
    for number in range(repeat):
        now = number * every
        for call in calls:
            yield _decision(gate, document, call, now)


def _decision(gate: Gate, document: Document, call: Call, at: float) -> Decision:
    try:
        admission = gate.admit(_CALLER, call)
    except PolicyDeniedError as denied:
        return Decision(
            at,
            call.tool,
            "denied",
            denied.rule,
            str(denied),
            denied.code,
            denied.retry_after,
            denied.limit and denied.limit.remaining,
        )
    remaining = gate.left(_CALLER, call.tool)
    if admission.approval:
        rule, reason = admission.approval.rule, admission.approval.reason
        return Decision(at, call.tool, "approval required", rule, reason, remaining=remaining)
    rule = pointer("tools", call.tool) if call.tool in document.tools else "/default"
    return Decision(at, call.tool, "allowed", rule, remaining=remaining)
