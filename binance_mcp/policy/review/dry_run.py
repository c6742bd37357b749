"""Trying calls under a policy: what it decides, on a clock of its own. Nothing is called."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from binance_mcp.errors import PolicyDeniedError
from binance_mcp.policy.admission import Admission, evaluate
from binance_mcp.policy.call import Call, Caller
from binance_mcp.policy.language.document import Document
from binance_mcp.policy.language.strict_json import pointer
from binance_mcp.policy.limits import LimitStore

Verdict: TypeAlias = Literal["allowed", "a person is asked", "denied"]

_CALLER: Final = Caller(grant="a grant", session="a session")


@dataclass(frozen=True)
class Decision:
    """What the policy decides about one call."""

    at: float
    """When: in seconds after the first call."""
    tool: str
    verdict: Verdict
    rule: str
    """JSON pointer of the rule that decides."""
    reason: str = ""
    """Why it is denied, or what the person is asked to approve."""
    code: str | None = None
    """The kind of denial; None if it is none."""
    wait: float | None = None
    """Seconds until the same call would be allowed; None if waiting does not help."""
    remaining: int | None = None
    """How many more calls are possible now; None if no limit says."""


def dry_run(
    document: Document, calls: Sequence[Call], repeat: int = 1, every: float = 0.0
) -> Iterator[Decision]:
    """Decide about calls of one session: all at once, and again `every` seconds, `repeat` times."""
    store = LimitStore()
    for number in range(repeat):
        for call in calls:
            yield _decision(document, store, call, number * every)


def _decision(document: Document, store: LimitStore, call: Call, at: float) -> Decision:
    try:
        admission = evaluate(document, call)
        store.reserve(admission.limits, _CALLER, at)
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
    remaining = _remaining(store, admission, at)
    if admission.approval:
        rule, reason = admission.approval.rule, admission.approval.reason
        return Decision(at, call.tool, "a person is asked", rule, reason, remaining=remaining)
    rule = pointer("tools", call.tool) if call.tool in document.tools else "/default"
    return Decision(at, call.tool, "allowed", rule, remaining=remaining)


def _remaining(store: LimitStore, admission: Admission, at: float) -> int | None:
    left = store.remaining(admission.limits, _CALLER, at)
    return min((status.remaining for status in left), default=None)
