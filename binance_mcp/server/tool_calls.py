"""The way of one call: past the policy, and the person if it says so, to the tool; then audited.

No call reaches a tool by another way.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Any

import anyio
from mcp.server.mcpserver import Context
from mcp.types import CallToolResult, InputRequiredResult

from binance_mcp.audit.record import Record
from binance_mcp.audit.trail import AuditTrail
from binance_mcp.clock import WallClock
from binance_mcp.errors import AuditError, BinanceMcpError, LimitStatus, PolicyDeniedError
from binance_mcp.futures.rest_api import answered
from binance_mcp.policy.call import Call, Caller
from binance_mcp.policy.gate import Gate
from binance_mcp.policy.source import PolicySource
from binance_mcp.server.elicitation import Elicitation
from binance_mcp.server.failures import error_code
from binance_mcp.server.identity import caller_of, http_request

Result = CallToolResult | InputRequiredResult


class ToolCalls:
    """Admits calls, and records what was decided and what became of it."""

    def __init__(
        self, policy: PolicySource, audit: AuditTrail | None, wall_clock: WallClock
    ) -> None:
        self._policy = policy
        self._audit = audit
        self._wall_clock = wall_clock
        self._gate = Gate(policy.document)
        self._elicitation = Elicitation()

    def serve_only(self, tools: Collection[str]) -> None:
        """Know the tools that there are; calls of others are limited and recorded like any."""
        self._gate.tools = tools

    def withdraw_questions(self) -> None:
        """Wait for no person's answer any more: the server stops."""
        self._elicitation.withdraw()

    def is_hidden(self, tool: str) -> bool:
        """Return whether the policy hides a tool."""
        return self._gate.is_hidden(tool)

    @property
    def policy_problem(self) -> str | None:
        """Why the policy file, as it is now, is not in force; None if it is.

        It has the first problem only, and not where the file is, which is the operator's business.
        """
        if self._policy.problem is None:
            return None
        first, others = self._policy.problem.problems[0], self._policy.problem.found - 1
        more = f", and {others} more" if others else ""
        return f"it was changed, and the last good policy stays in force: {first}{more}"

    def remaining(self, context: Context[Any, Any]) -> Sequence[LimitStatus]:
        """Return what the policy's limits leave the caller."""
        return self._gate.remaining(caller_of(context))

    def refresh_policy(self) -> bool:
        """Take in a policy file that has changed, and return whether it has."""
        is_another = self._policy.refresh()
        if is_another:
            self._gate.replace(self._policy.document)
        return is_another

    async def run(
        self,
        context: Context[Any, Any],
        call: Call,
        make: Callable[[], Awaitable[Result]],
        check: Callable[[], None] = lambda: None,
    ) -> Result:
        """Make a call if it may be made; or return the question that a person has to answer first.

        `check` is called when the policy has admitted the call and before a person is asked, who
        is to decide about calls only that can be made.

        Raises:
            PolicyDeniedError: It may not be made. A call fails as `check` and `make` do.

        """
        self._expect_audit()
        self.refresh_policy()
        caller = caller_of(context)
        start = self._wall_clock(), anyio.current_time()
        answered.set(None)
        end: Result | BaseException | None = None
        try:
            result = end = await self._admit(context, caller, call, check) or await make()
        except BaseException as error:
            end = error
            raise
        finally:
            if self._audit and end is not None and not isinstance(end, InputRequiredResult):
                self._audit.write(self._record(context, caller, call, start, end))
        return result

    async def _admit(
        self,
        context: Context[Any, Any],
        caller: Caller,
        call: Call,
        check: Callable[[], None],
    ) -> InputRequiredResult | None:
        is_answer = self._elicitation.is_answer(context)
        approval = self._gate.review(call).approval if is_answer else None
        if approval is None:  # else the call was counted when the question was asked
            approval = self._gate.admit(caller, call).approval
        check()
        if approval is None:
            return None
        return await self._elicitation.seek(context, caller, call, approval)

    def _expect_audit(self) -> None:
        try:
            if self._audit:
                self._audit.ready()
        except AuditError:
            raise PolicyDeniedError(
                "The audit trail cannot be written, so no call is admitted; the server's log says"
                " why.",
                code="audit_unavailable",
                rule="",
            ) from None

    def _record(
        self,
        context: Context[Any, Any],
        caller: Caller,
        call: Call,
        start: tuple[float, float],
        end: CallToolResult | BaseException,
    ) -> Record:
        decided, started = start
        denied = end if isinstance(end, PolicyDeniedError) else None
        error = _error_code(end)
        limit = denied and denied.limit
        left = None if denied else self._gate.left(caller, call.tool)
        return Record(
            time=decided,
            request_id=context.request_context.request_id or "",
            transport="stdio" if http_request(context) is None else "http",
            grant=caller.grant,
            session=caller.session,
            tool=call.tool,
            arguments=tuple(call.arguments),
            policy=self._policy.digest[:16],
            outcome="denied" if denied else "error" if error else "ok",
            duration=anyio.current_time() - started,
            code=denied and denied.code,
            rule=denied and denied.rule,
            remaining=limit.remaining if limit else left,
            error_code=None if denied else error,
            upstream_status=answered.get(),
        )


def _error_code(end: CallToolResult | BaseException) -> str | None:
    match end:
        case CallToolResult():
            return None
        case BinanceMcpError():
            return error_code(end)
        case Exception():
            return "crash"
        case _:
            return "cancelled"
