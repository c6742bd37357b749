"""Dry-running calls against a policy on a simulated clock. No tool is called."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
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


class DryRun:
    """The calls of one session, on a simulated clock. No tool is called."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._gate = Gate(document, clock=lambda: self.now)
        self.now = 0.0
        """Seconds since the beginning; may be set to any later time."""

    def decide(self, call: Call) -> Decision:
        """Return the decision about a call that is made now."""
        try:
            admission = self._gate.admit(_CALLER, call)
        except PolicyDeniedError as denied:
            return Decision(
                self.now,
                call.tool,
                "denied",
                denied.rule,
                str(denied),
                denied.code,
                denied.retry_after,
                denied.limit and denied.limit.remaining,
            )
        rule = pointer("tools", call.tool) if call.tool in self._document.tools else "/default"
        decided = Decision(self.now, call.tool, "allowed", rule)
        if approval := admission.approval:
            decided = Decision(
                self.now, call.tool, "approval required", approval.rule, approval.reason
            )
        return replace(decided, remaining=self._gate.left(_CALLER, call.tool))


def dry_run(
    document: Document, calls: Sequence[Call], repeat: int = 1, every: float = 0.0
) -> Iterator[Decision]:
    """Decide about the calls of one session: at once, and again every `every` seconds."""
    trial = DryRun(document)
    for number in range(repeat):
        trial.now = number * every
        for call in calls:
            yield trial.decide(call)
