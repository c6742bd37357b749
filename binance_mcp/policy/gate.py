"""The gate: the one door through which every call of a tool goes. Decides nothing by itself."""

from collections.abc import Callable

import anyio

from binance_mcp.policy.caller import Caller
from binance_mcp.policy.document import Call, Document, evaluate, is_hidden
from binance_mcp.policy.limits import LimitStore

__all__ = ["Caller", "Gate"]


class Gate:
    """Admits calls under a policy.

    `clock` tells monotonic seconds. Nothing here awaits, so that a decision is never interrupted
    by another one.
    """

    def __init__(self, document: Document, clock: Callable[[], float] = anyio.current_time) -> None:
        self._document = document
        self._clock = clock
        self._limits = LimitStore()

    def admit(self, caller: Caller, call: Call) -> None:
        """Count the call, which may then be made.

        Raises:
            PolicyDeniedError: It must not be made, and has not been counted.

        """
        self._limits.reserve(evaluate(self._document, call), caller, self._clock())

    def is_hidden(self, tool: str) -> bool:
        """Return whether the tool must be left out of the list of tools."""
        return is_hidden(self._document, tool)
