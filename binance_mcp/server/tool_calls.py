"""One tool call: policy, approval, tool, audit. No call reaches a tool in any other way."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Any

import anyio
from mcp.server.mcpserver import Context
from mcp.types import CallToolResult, InputRequiredResult

from binance_mcp.audit.record import Record, ShadowDecision
from binance_mcp.audit.trail import AuditTrail
from binance_mcp.clock import WallClock
from binance_mcp.errors import AuditError, BinanceMcpError, LimitStatus, PolicyDeniedError
from binance_mcp.futures.rest_api import answered
from binance_mcp.policy.admission import Approval
from binance_mcp.policy.call import Call, Caller
from binance_mcp.policy.gate import Gate
from binance_mcp.policy.language.document import Action
from binance_mcp.policy.shadow import Shadow, different
from binance_mcp.policy.source import PolicySource
from binance_mcp.server.elicitation import Elicitation
from binance_mcp.server.failures import error_code
from binance_mcp.server.identity import caller_of, http_request

Result = CallToolResult | InputRequiredResult


class ToolCalls:
    """Admits calls, and records decisions and outcomes."""

    def __init__(
        self,
        policy: PolicySource,
        audit: AuditTrail | None,
        wall_clock: WallClock,
        shadow: Shadow | None = None,
    ) -> None:
        self._policy = policy
        self._shadow = shadow
        self._audit = audit
        self._wall_clock = wall_clock
        self._gate = Gate(policy.document)
        self._elicitation = Elicitation()

    def serve_only(self, tools: Collection[str]) -> None:
        """Set the names of the existing tools. Calls of others are denied, limited and recorded."""
        self._gate.tools = tools
        if self._shadow:
            self._shadow.serve_only(tools)

    def withdraw_questions(self) -> None:
        """Deny the calls that wait for an approval, because the server stops."""
        self._elicitation.withdraw()

    def is_hidden(self, tool: str) -> bool:
        """Return whether the policy hides a tool."""
        return self._gate.is_hidden(tool)

    def would_admit(self, call: Call) -> bool:
        """Return whether the policy allows a call without asking the user; it counts nothing."""
        try:
            return self._gate.review(call).approval is None
        except PolicyDeniedError:
            return False

    @property
    def policy_problem(self) -> str | None:
        """Why the policy file in its present state is not active; None if it is.

        It has only the first problem, and not the path, which does not concern a model.
        """
        if self._policy.problem is None:
            return None
        first, others = self._policy.problem.problems[0], self._policy.problem.found - 1
        more = f", and {others} more" if others else ""
        return f"it was changed, and the last good policy stays active: {first}{more}"

    def remaining(self, context: Context[Any, Any]) -> Sequence[LimitStatus]:
        """Return what is left of the policy's limits for the caller."""
        return self._gate.remaining(caller_of(context))

    def refresh_policy(self) -> bool:
        """Reload the policy file if it has changed, and return whether the policy has."""
        if self._shadow:
            self._shadow.refresh()
        has_changed = self._policy.refresh()
        if has_changed:
            self._gate.replace(self._policy.document)
        return has_changed

    async def run(
        self,
        context: Context[Any, Any],
        call: Call,
        make: Callable[[], Awaitable[Result]],
        check: Callable[[], None] = lambda: None,
    ) -> Result:
        """Make a call if it is admitted, or return the question that the user must answer first.

        `check` is called after the policy has admitted the call and before the user is asked, so
        that they are not asked about calls that would fail anyway.

        Raises:
            PolicyDeniedError: It is denied. Errors of `check` and `make` are passed on.

        """
        await self._expect_audit()
        self.refresh_policy()
        caller = caller_of(context)
        start = self._wall_clock(), anyio.current_time()
        answered.set(None)
        different.set(None)
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
        if approval is None:  # otherwise it was counted when the question was asked
            approval = self._decide(caller, call)
        check()
        if approval is None:
            return None
        return await self._elicitation.seek(context, caller, call, approval)

    def _decide(self, caller: Caller, call: Call) -> Approval | None:
        try:
            approval = self._gate.admit(caller, call).approval
        except PolicyDeniedError:
            self._compare(caller, call, "deny")
            raise
        self._compare(caller, call, "require_approval" if approval else "allow")
        return approval

    def _compare(self, caller: Caller, call: Call, decided: Action) -> None:
        if self._shadow:
            self._shadow.compare(caller, call, decided)

    async def _expect_audit(self) -> None:
        try:
            if self._audit:
                await self._audit.wait_until_ready()
        except AuditError:
            raise PolicyDeniedError(
                "The audit trail cannot be written, so all calls are denied; the server's log says"
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
            shadow=_shadow_decision(),
        )


def _shadow_decision() -> ShadowDecision | None:
    opinion = different.get()
    if opinion is None:
        return None
    return ShadowDecision(opinion.action, opinion.digest[:16], opinion.rule, opinion.code)


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
