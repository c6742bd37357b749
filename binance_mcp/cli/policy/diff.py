"""The command that compares two policies."""

from dataclasses import asdict
from pathlib import Path

from pydantic import Field
from pydantic_settings import CliPositionalArg

from binance_mcp.cli.command import Command
from binance_mcp.cli.output import say
from binance_mcp.cli.policy.options import AsJson, say_json
from binance_mcp.policy.review.difference import Difference, differences
from binance_mcp.policy.source import load_file

_DIFFERENT = 1


class Diff(Command):
    """Compare two policies: say in words what one allows and the other does not.

    Reasons and other texts are not compared.

    Exit codes: 0 they allow the same; 1 they do not; 2 one of them cannot be used.
    """

    first: CliPositionalArg[Path] = Field(description="The policy to compare with.")
    second: CliPositionalArg[Path] = Field(description="The other policy.")
    as_json: AsJson = False

    def run(self) -> int:
        """Print the differences."""
        from binance_mcp.server.tools.catalogue import tool_arguments

        first, second = load_file(self.first), load_file(self.second)
        found = list(differences(first, second, tool_arguments()))
        if self.as_json:
            say_json([asdict(each) for each in found])
        else:
            self._say(found)
        return _DIFFERENT if found else 0

    def _say(self, found: list[Difference]) -> None:
        if not found:
            say(f"{self.first} and {self.second} allow the same.")
        for each in found:
            say(f"{each.subject}: {self.second} {each.change}")
            for file, lines in ((self.first, each.first), (self.second, each.second)):
                for line in lines:
                    say(f"  only {file}: {line}")
