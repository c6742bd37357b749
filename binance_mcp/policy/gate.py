"""The gate that every tool call passes: the document decides, the limits count."""

from collections.abc import Callable, Collection, Sequence
from typing import Final

import anyio

from binance_mcp.errors import LimitStatus, PolicyDeniedError
from binance_mcp.policy.admission import Admission, check, is_hidden, limits_of, terms
from binance_mcp.policy.call import Call, Caller
from binance_mcp.policy.language.document import Document
from binance_mcp.policy.limits import LimitStore

_UNLISTED: Final = ""
"""The key for all tools that are not listed; no tool has this name."""


class Gate:
    """Admits calls under a policy. `tools` are the names of the existing ones; None if not known.

    `clock` returns monotonic seconds. Nothing here awaits, so decisions never interleave.
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
            PolicyDeniedError: It is denied and not counted. Only a call of a tool that is hidden or
                does not exist counts, under the limits of all tools together.

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
        """Return what is left now of the limits of the listed tools."""
        shown = filter(self._is_shown, self._document.tools)
        limits = limits_of(self._document, shown)
        return self._limits.remaining(limits, caller, self._clock())

    def left(self, caller: Caller, tool: str) -> int | None:
        """Return how many calls the tightest of a tool's limits leaves; None if it has no limit."""
        limits = self._terms_of(tool).limits
        left = self._limits.remaining(limits, caller, self._clock())
        return min((status.remaining for status in left), default=None)

    def replace(self, document: Document) -> None:
        """Replace the document.

        Counts are kept, under every counter that keeps its window and scope.
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
