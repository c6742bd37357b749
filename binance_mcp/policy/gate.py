"""The gate: the one door through which every call of a tool goes. Decides nothing by itself."""

from collections.abc import Callable, Collection, Sequence
from typing import Final

import anyio

from binance_mcp.errors import LimitStatus, PolicyDeniedError
from binance_mcp.policy.admission import Admission, check, is_hidden, limits_of, terms
from binance_mcp.policy.call import Call, Caller
from binance_mcp.policy.language.document import Document
from binance_mcp.policy.limits import LimitStore

_UNLISTED: Final = ""
"""Stands for every tool that is not listed; no tool is called so."""


class Gate:
    """Admits calls under a policy, of the `tools` that there are; None if that is not known.

    `clock` tells monotonic seconds. Nothing here awaits, so that a decision is never interrupted
    by another one.
    """

    def __init__(
        self,
        document: Document,
        tools: Collection[str] | None = None,
        clock: Callable[[], float] = anyio.current_time,
    ) -> None:
        self._document = document
        self.tools = tools
        self._terms: dict[str, Admission] = {}
        self._clock = clock
        self._limits = LimitStore()

    def admit(self, caller: Caller, call: Call) -> Admission:
        """Count the call, and return the terms on which it may be made.

        Raises:
            PolicyDeniedError: It must not be made, and has not been counted; unless its tool is
                hidden or does not exist, and it counts under the limits of all tools together.

        """
        if not self._is_shown(call.tool):
            self._limits.reserve(list(limits_of(self._document, ())), caller, self._clock())
            if self.is_hidden(call.tool):
                raise PolicyDeniedError(
                    "This tool is hidden by the policy.", code="hidden", rule="/hide"
                )
            raise PolicyDeniedError("There is no such tool.", code="unknown_tool", rule="")
        admission = self.review(call)
        self._limits.reserve(admission.limits, caller, self._clock())
        return admission

    def review(self, call: Call) -> Admission:
        """Return the terms on which a call may be made, without counting it.

        Raises:
            PolicyDeniedError: It must not be made.

        """
        check(self._document, call)
        return self._terms_of(call.tool)

    def is_hidden(self, tool: str) -> bool:
        """Return whether the tool must be left out of the list of tools."""
        return is_hidden(self._document, tool)

    def remaining(self, caller: Caller) -> Sequence[LimitStatus]:
        """Return what is left now of the limits of the tools that there are and are shown."""
        shown = filter(self._is_shown, self._document.tools)
        limits = limits_of(self._document, shown)
        return self._limits.remaining(limits, caller, self._clock())

    def left(self, caller: Caller, tool: str) -> int | None:
        """Return what the tightest of a tool's limits leaves now; None if it has no limit."""
        limits = self._terms_of(tool).limits
        left = self._limits.remaining(limits, caller, self._clock())
        return min((status.remaining for status in left), default=None)

    def replace(self, document: Document) -> None:
        """Judge calls by another document from now on.

        The calls that were counted stay counted, under every counter that keeps its window and
        its scope.
        """
        self._document, self._terms = document, {}
        self._limits.forget_unused(limits_of(document, document.tools))

    def _is_shown(self, tool: str) -> bool:
        return (self.tools is None or tool in self.tools) and not self.is_hidden(tool)

    def _terms_of(self, tool: str) -> Admission:
        tool = tool if tool in self._document.tools else _UNLISTED
        if tool not in self._terms:
            self._terms[tool] = terms(self._document, tool)
        return self._terms[tool]
