"""The commands that serve MCP: over standard input and output, and over HTTP."""

import json
import sys
from functools import partial
from typing import Annotated, TypeAlias

import anyio
from pydantic import Field

from binance_mcp.cli.command import Command, settings_in_force
from binance_mcp.cli.output import complain
from binance_mcp.errors import ServingError

EnvFile: TypeAlias = Annotated[
    str | None, Field(description="File with settings, instead of BINANCE_MCP_ENV_FILE.")
]
_WAITING = """\
binance-mcp speaks MCP over standard input and output, and is waiting for a host to do so.
A host starts it by itself. For Claude Desktop, put this into claude_desktop_config.json:

{config}

To see it work now: binance-mcp demo. To see every command: binance-mcp --help.
Ctrl-D or Ctrl-C ends it.
"""


class Stdio(Command):
    """Serve a host over standard input and output. Hosts start the program so."""

    env_file: EnvFile = None

    def run(self) -> int:
        """Serve until the host leaves, and end the process then.

        Raises:
            ServingError: Standard output is closed.

        """
        from binance_mcp.server.app import create_server
        from binance_mcp.server.stdio import run_stdio

        if sys.stdout is None:
            raise ServingError("standard output is closed: there is no host to answer")
        server = create_server(settings_in_force(env_file=self.env_file))
        if sys.stdin is not None:  # else it is closed: the host has left already
            if sys.stdin.isatty():
                complain(_WAITING.format(config=host_config()))
            anyio.run(run_stdio, server)
        return 0


class Http(Command):
    """Serve over streamable HTTP, on this machine, until SIGTERM or Ctrl-C."""

    host: str | None = Field(None, description="Loopback address, instead of BINANCE_MCP_HOST.")
    port: int | None = Field(None, description="Port, instead of BINANCE_MCP_PORT; 0 takes any.")
    env_file: EnvFile = None

    def run(self) -> int:
        """Serve until a signal comes."""
        from binance_mcp.server.app import create_server
        from binance_mcp.server.http import run_http

        settings = settings_in_force(env_file=self.env_file, host=self.host, port=self.port)
        server = create_server(settings)
        return anyio.run(partial(run_http, server, host=settings.host, port=settings.port))


def host_config() -> str:
    """Return the entry of a host's configuration that starts this server, as JSON."""
    entry = {
        "command": sys.executable,
        "args": ["-P", "-m", "binance_mcp"],  # -P: no module comes from the folder it starts in
        "env": {"BINANCE_API_KEY": "your API key"},
    }
    return json.dumps({"mcpServers": {"binance": entry}}, indent=2)
