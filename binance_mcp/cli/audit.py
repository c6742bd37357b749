"""The commands about an audit trail."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import CliPositionalArg, CliSubCommand

from binance_mcp.cli.command import Command, Group, settings_in_force, summary
from binance_mcp.cli.output import say
from binance_mcp.errors import BrokenTrailError


class Verify(Command):
    """Verify an audit trail: whether any record was changed, moved, added or removed.

    Rotated files are verified, too. If BINANCE_MCP_AUDIT_KEY is set, the records must be chained
    with that key.

    Exit codes: 0 the trail is intact; 1 it is broken, and the first broken record is printed; 2 it
    cannot be read, or has no records.
    """

    file: CliPositionalArg[Path] = Field(description="The newest file of the trail.")

    def run(self) -> int:
        """Print a summary of the trail, or its first broken record."""
        from binance_mcp.audit.verification import verify

        key = settings_in_force().audit_key
        try:
            trail = verify(self.file, key.get_secret_value().encode() if key else None)
        except BrokenTrailError as broken:
            say(f"{broken.file}:{broken.line}: {broken.problem}")
            return 1
        first = "" if trail.is_whole else f", from number {trail.follows.sequence + 1} on"
        say(f"files: {', '.join(map(str, trail.files))}")
        say(f"records: {trail.records}{first}")
        say(f"last hash: {trail.last.hash}")
        return 0


class Audit(Group):
    """Verify an audit trail."""

    verify: CliSubCommand[Verify] = Field(description=summary(Verify))
