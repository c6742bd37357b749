"""The command that shows the server at work."""

import anyio

from binance_mcp.cli.command import Command
from binance_mcp.cli.host_entry import host_config
from binance_mcp.cli.output import say


class Demo(Command):
    """Show the server at work, without an account or a network. Takes a few seconds."""

    def run(self) -> int:
        """Print every step."""
        from binance_mcp.demo import run_demo

        return anyio.run(run_demo, say, host_config())
