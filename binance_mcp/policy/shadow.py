"""The shadow policy: it decides nothing, and shows what it would have decided differently."""

import logging
from collections.abc import Callable, Collection
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

import anyio

from binance_mcp.errors import PolicyDeniedError
from binance_mcp.policy.call import Call, Caller
from binance_mcp.policy.gate import Gate
from binance_mcp.policy.language.document import Action
from binance_mcp.policy.source import PolicySource

logger = logging.getLogger(__name__)

_WOULD: Final[dict[Action, str]] = {
    "allow": "would allow",
    "deny": "would deny",
    "require_approval": "would ask the user about",
}


@dataclass(frozen=True)
class Opinion:
    """What the shadow policy would have decided."""

    action: Action
    digest: str
    """SHA-256 of the shadow policy's text, in hexadecimal."""
    rule: str | None = None
    """JSON pointer of its rule; None if no rule is in the call's way."""
    code: str | None = None
    """The code of the denial; None if it is not denied."""
    reason: str = ""


different: Final[ContextVar[Opinion | None]] = ContextVar("different", default=None)
"""The opinion about the call that is being made, if it differs from what was decided."""


class Shadow:
    """Decides about every call as if it were the policy, with counts of its own."""

    def __init__(
        self, source: PolicySource, clock: Callable[[], float] = anyio.current_time
    ) -> None:
        self._source = source
        self._gate = Gate(source.document, clock=clock)

    def serve_only(self, tools: Collection[str]) -> None:
        """Set the names of the existing tools."""
        self._gate.tools = tools

    def refresh(self) -> None:
        """Reload the file if it has changed."""
        if self._source.refresh():
            self._gate.replace(self._source.document)

    def compare(self, caller: Caller, call: Call, decided: Action) -> None:
        """Decide about a call as well; log it and set `different` if that differs."""
        opinion = self._opinion(caller, call)
        different.set(opinion if opinion.action != decided else None)
        if opinion.action != decided:
            where = f" ({opinion.rule})" if opinion.rule else ""
            reason = f": {opinion.reason}" if opinion.reason else ""
            would = _WOULD[opinion.action]
            logger.info("the shadow policy %s this call of %s%s%s", would, call.tool, where, reason)

    def _opinion(self, caller: Caller, call: Call) -> Opinion:
        digest = self._source.digest
        try:
            approval = self._gate.admit(caller, call).approval
        except PolicyDeniedError as denied:
            return Opinion("deny", digest, denied.rule, denied.code, str(denied))
        if approval:
            return Opinion("require_approval", digest, approval.rule, reason=approval.reason)
        return Opinion("allow", digest)
