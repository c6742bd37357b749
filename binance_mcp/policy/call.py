"""A call that an agent asks for, and who asks, as far as the policy needs to know."""

from collections.abc import Mapping
from dataclasses import dataclass

from binance_mcp.policy.language.rules import Scope


@dataclass(frozen=True)
class Call:
    """A call of a tool."""

    tool: str
    arguments: Mapping[str, object]


@dataclass(frozen=True)
class Caller:
    """Who is calling, as the server has identified them."""

    grant: str
    """The principal: one person or program, however many sessions it opens."""
    session: str
    """The session that the call belongs to."""

    def subject(self, scope: Scope) -> str:
        """Return whose calls a limit of `scope` counts together with this caller's."""
        return {"session": self.session, "grant": self.grant, "server": ""}[scope]
