"""The command that shows a policy."""

import json

from binance_mcp.cli.command import Command
from binance_mcp.cli.output import complain, say
from binance_mcp.cli.policy.options import AsJson, File, in_force, say_json
from binance_mcp.policy.source import PolicySource


class Show(Command):
    """Show a policy as canonical JSON, the same for all equivalent policies.

    Its file and the SHA-256 of its text are printed to standard error. With --json, they are
    printed together with the policy.

    Exit codes: 0 success; 2 it cannot be used.
    """

    file: File = None
    as_json: AsJson = False

    def run(self) -> int:
        """Print the policy."""
        path = in_force(self.file)
        source = PolicySource(path)
        said = source.document.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        if source.document.hide:
            said["hide"] = sorted(source.document.hide)
        said = json.loads(json.dumps(said, sort_keys=True))
        if self.as_json:
            file = str(path) if path else None
            say_json({"file": file, "sha256": source.digest, "policy": said})
            return 0
        say(json.dumps(said, indent=2))
        complain(f"{path or 'built-in policy'}, SHA-256 {source.digest}")
        return 0
