"""Asking the user to approve a call, through MCP elicitation, in both protocol eras.

In the revisions with a handshake the server asks while the call waits; from 2026-07-28 on, the
call is answered with the question, and repeated with the user's answer.
https://modelcontextprotocol.io/specification/2026-07-28/client/elicitation
"""

import json
from typing import Any, Final

import anyio
from mcp.server.mcpserver import Context
from mcp.shared.exceptions import MCPError
from mcp.types import ElicitRequest, ElicitRequestFormParams, ElicitResult, InputRequiredResult
from pydantic import ValidationError

from binance_mcp.errors import PolicyDeniedError
from binance_mcp.masking import mask, mask_tokens
from binance_mcp.policy.admission import Approval
from binance_mcp.policy.call import Call, Caller
from binance_mcp.policy.pending_approvals import LIFETIME_SECONDS, PendingApprovals
from binance_mcp.server.identity import has_handshake

_QUESTION: Final = "approval"
_FORM: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "approve": {"type": "boolean", "title": "Allow this call, this once?", "default": False}
    },
    "required": ["approve"],
}
_CODES: Final = {
    "declined": "the user declined",
    "cancelled": "the user closed the question",
    "invalid": "the client's answer does not say whether to allow it",
    "stopped": "the server is stopping",
    "unanswered": "no valid answer for this call came in time",
    "unavailable": (
        "this client cannot ask the user, because it does not support elicitation by form"
    ),
}


class Elicitation:
    """Lets a call through if the user approves it: this call, once, within five minutes."""

    def __init__(self) -> None:
        self._pending = PendingApprovals()
        self._waiting = set[anyio.CancelScope]()
        self._is_stopping = False

    def is_answer(self, context: Context[Any, Any]) -> bool:
        """Return whether a call is repeated with the user's answer."""
        return context.request_state is not None and not has_handshake(context)

    async def seek(
        self, context: Context[Any, Any], caller: Caller, call: Call, approval: Approval
    ) -> InputRequiredResult | None:
        """Return None if the user approved, or the question that the client must ask.

        Raises:
            PolicyDeniedError: The user did not approve, or the client cannot ask.

        """
        if not _can_ask(context):
            raise _denied(approval, "unavailable")
        question = ElicitRequestFormParams(message=_message(call, approval), requested_schema=_FORM)
        if has_handshake(context):
            answer = await self._ask(context, question)
        elif not self.is_answer(context):
            token = self._pending.ask(caller, call, now=anyio.current_time())
            return InputRequiredResult(
                input_requests={_QUESTION: ElicitRequest(params=question)}, request_state=token
            )
        else:
            answer = self._answer(context, caller, call)
        if answer is None:
            raise _denied(approval, "stopped" if self._is_stopping else "unanswered")
        if (refusal := _refusal(answer)) is not None:
            raise _denied(approval, refusal)
        return None

    def withdraw(self) -> None:
        """Deny the calls that wait for an answer, because the server stops."""
        self._is_stopping = True
        for waiting in self._waiting:
            waiting.cancel()

    async def _ask(
        self, context: Context[Any, Any], question: ElicitRequestFormParams
    ) -> ElicitResult | None:
        waiting = anyio.CancelScope(deadline=anyio.current_time() + LIFETIME_SECONDS)
        self._waiting.add(waiting)
        try:
            with waiting:
                return await context.session.elicit_form(
                    question.message,
                    question.requested_schema,
                    context.request_context.request_id,
                )
        except (MCPError, ValidationError):
            return None  # the client refuses to ask, is gone, or sends something else
        finally:
            self._waiting.discard(waiting)
        return None

    def _answer(
        self, context: Context[Any, Any], caller: Caller, call: Call
    ) -> ElicitResult | None:
        token = context.request_state or ""
        if not self._pending.take(token, caller, call, now=anyio.current_time()):
            return None
        answer = (context.input_responses or {}).get(_QUESTION)
        return answer if isinstance(answer, ElicitResult) else None


def _can_ask(context: Context[Any, Any]) -> bool:
    """Return whether the client supports elicitation by form, which is implied without a mode.

    https://modelcontextprotocol.io/specification/2026-07-28/client/elicitation#capabilities
    """
    elicitation = context.client_capabilities and context.client_capabilities.elicitation
    if not elicitation:
        return False
    return elicitation.form is not None or elicitation.url is None


def _refusal(answer: ElicitResult) -> str | None:
    """Return in which way an answer is no approval; None if it is one."""
    if answer.action == "accept":
        approved = (answer.content or {}).get("approve")
        if isinstance(approved, bool):
            return None if approved else "declined"
        return "invalid"
    return "declined" if answer.action == "decline" else "cancelled"


def _message(call: Call, approval: Approval) -> str:
    arguments = {
        name: mask(value) if name == "listenKey" and isinstance(value, str) else value
        for name, value in call.arguments.items()
    }
    return mask_tokens(f"Allow {call.tool} with {json.dumps(arguments)}? {approval.reason}")


def _denied(approval: Approval, code: str) -> PolicyDeniedError:
    return PolicyDeniedError(
        f"A person has to approve this call, and {_CODES[code]}. {approval.reason}",
        code=f"approval_{code}",
        rule=approval.rule,
    )
