"""The command that explains a policy."""

from binance_mcp.cli.command import Command
from binance_mcp.cli.output import say
from binance_mcp.cli.policy.options import AsJson, File, in_force, say_json
from binance_mcp.policy.review.explanation import explain, in_general, told
from binance_mcp.policy.source import load_file


class Explain(Command):
    """Explain a policy in words: which tools may be called, how often, and with whose approval.

    Exit codes: 0 success; 2 it cannot be used.
    """

    file: File = None
    as_json: AsJson = False

    def run(self) -> int:
        """Print the explanation."""
        from binance_mcp.server.tools.catalogue import tool_arguments

        document, tools = load_file(in_force(self.file)), tool_arguments()
        if self.as_json:
            explained = {
                each.tool: {
                    "isToolOfThisServer": each.tool in tools,
                    "verdict": each.verdict,
                    "words": each.words,
                    "terms": [str(term) for term in each.terms],
                }
                for each in explain(document, tools)
            }
            say_json({"general": [*in_general(document)], "tools": explained})
            return 0
        for line in told(document, tools):
            say(line)
        return 0
