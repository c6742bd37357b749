"""Who is calling, as far as the policy needs to know. How that is found out is not known here."""

from dataclasses import dataclass

from binance_mcp.policy.rules import Scope


@dataclass(frozen=True)
class Caller:
    """Who is calling."""

    grant: str
    """The principal: one person or program, however many sessions it opens."""
    session: str
    """The conversation that the call belongs to."""

    def subject(self, scope: Scope) -> str:
        """Return whose calls a limit of `scope` counts together with this caller's."""
        return {"session": self.session, "grant": self.grant, "server": ""}[scope]
