"""The command that serves MCP over HTTP."""

from functools import partial

import anyio
from pydantic import Field

from binance_mcp.cli.command import Command, EnvFile, settings_with_keychain


class Http(Command):
    """Serve over streamable HTTP on this machine, until SIGTERM or Ctrl-C."""

    host: str | None = Field(None, description="Loopback address, instead of BINANCE_MCP_HOST.")
    port: int | None = Field(None, description="Port, instead of BINANCE_MCP_PORT; 0: a free one.")
    env_file: EnvFile = None

    def run(self) -> int:
        """Serve until a signal comes."""
        from binance_mcp.server.app import create_server
        from binance_mcp.server.http import run_http

        settings = settings_with_keychain(env_file=self.env_file, host=self.host, port=self.port)
        server = create_server(settings)
        return anyio.run(partial(run_http, server, host=settings.host, port=settings.port))
