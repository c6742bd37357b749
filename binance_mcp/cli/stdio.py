"""The command that hosts start: it serves MCP over standard input and output."""

import sys
from typing import Final

import anyio

from binance_mcp.cli.command import Command, EnvFile, settings_with_keychain
from binance_mcp.cli.output import complain
from binance_mcp.errors import ServingError

_WAITING: Final = """\
binance-mcp speaks MCP over standard input and output, and is waiting for a host to do so.
Hosts start it themselves. For Claude Desktop, put this into claude_desktop_config.json:

{config}

To see it work now: binance-mcp demo. To see every command: binance-mcp --help.
Ctrl-D or Ctrl-C ends it.
"""


class Stdio(Command):
    """Serve a host over standard input and output. This is how hosts start the program."""

    env_file: EnvFile = None

    def run(self) -> int:
        """Serve until the host closes standard input, and then end the process.

        Raises:
            ServingError: Standard output is closed.

        """
        from binance_mcp.server.app import create_server
        from binance_mcp.server.stdio import run_stdio

        if sys.stdout is None:
            raise ServingError("standard output is closed: there is no host to answer")
        server = create_server(settings_with_keychain(env_file=self.env_file))
        if sys.stdin is not None:  # otherwise it is closed: the host has already left
            if sys.stdin.isatty():
                from binance_mcp.cli.host_entry import host_config

                complain(_WAITING.format(config=host_config()))
            anyio.run(run_stdio, server)
        return 0
