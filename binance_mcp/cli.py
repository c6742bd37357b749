"""The command line: arguments, printing and exit codes, and nothing else.

A host starts the program once per conversation and waits for it, so what a command needs is
imported by that command.
"""

import json
import sys
from abc import ABC, abstractmethod
from functools import partial
from importlib.metadata import version

import anyio
from pydantic import BaseModel, Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    CliApp,
    CliSubCommand,
    CliToggleFlag,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from binance_mcp.errors import BinanceMcpError, Problem, SettingsError
from binance_mcp.settings import Settings, load_settings, validation_message

_UNUSABLE = 2
_INTERRUPTED = 130
_WAITING = """\
binance-mcp speaks MCP over standard input and output, and is waiting for a host to do so.
A host starts it by itself. For Claude Desktop, put this into claude_desktop_config.json:

{config}

To see it work now: binance-mcp demo. To see every command: binance-mcp --help.
Ctrl-D or Ctrl-C ends it.
"""


class Command(BaseModel, ABC):
    """A command. What it returns is the exit code."""

    @abstractmethod
    def run(self) -> int:
        """Run the command.

        Raises:
            BinanceMcpError: It cannot be run; the text says why, a line per reason.

        """


class Stdio(Command):
    """Serve a host over standard input and output. Hosts start the program so."""

    def run(self) -> int:
        """Serve until the host leaves."""
        from binance_mcp.server.app import create_server
        from binance_mcp.server.stdio import run_stdio

        server = create_server(_settings())
        if sys.stdin is not None:  # else it is closed: the host has left already
            if sys.stdin.isatty():
                print(_WAITING.format(config=_host_config()), file=sys.stderr)
            anyio.run(run_stdio, server)
        return 0


class Http(Command):
    """Serve over streamable HTTP, on this machine, until SIGTERM or Ctrl-C."""

    host: str | None = Field(None, description="Loopback address, instead of BINANCE_MCP_HOST.")
    port: int | None = Field(None, description="Port, instead of BINANCE_MCP_PORT; 0 takes any.")

    def run(self) -> int:
        """Serve until a signal comes."""
        from binance_mcp.server.app import create_server
        from binance_mcp.server.http import run_http

        settings = _settings(host=self.host, port=self.port)
        server = create_server(settings)
        return anyio.run(partial(run_http, server, host=settings.host, port=settings.port))


class Sandbox(Command):
    """Serve a stand-in for Binance on this machine, and print how to reach it as a line of JSON."""

    port: int = Field(0, ge=0, le=65_535, description="Port; 0 takes any.")
    listen_key_seconds: float = Field(
        3600.0, gt=0, allow_inf_nan=False, description="Seconds that a listen key lives."
    )

    def run(self) -> int:
        """Serve until a signal comes."""
        _settings()
        return anyio.run(self._serve)

    async def _serve(self) -> int:
        from binance_mcp.futures.sandbox import app, served
        from binance_mcp.signals import stop_signal

        sandbox = app.Sandbox(listen_key_seconds=self.listen_key_seconds)
        async with served.serving_sandbox(sandbox, port=self.port) as at:
            line = {
                "restUrl": at.rest_url,
                "streamUrl": at.stream_url,
                "apiKey": at.account.api_key,
                "apiSecret": at.account.api_secret,
            }
            print(json.dumps(line), flush=True)
            return await stop_signal()


class Demo(Command):
    """See it work: no account, no network. Takes a minute to read, and seconds to run."""

    def run(self) -> int:
        """Show every step."""
        from binance_mcp.demo import run_demo

        anyio.run(run_demo, print)
        return 0


class Version(Command):
    """Print the version."""

    def run(self) -> int:
        """Print it."""
        print(version("binance-listen-key-mcp"))
        return 0


class _Arguments(BaseSettings):
    """MCP server for the Binance USD-M Futures listen key; without a command, over stdio."""

    model_config = SettingsConfigDict(
        cli_avoid_json=True,
        cli_enforce_required=True,
        cli_hide_none_type=True,
        cli_kebab_case=True,
        cli_prog_name="binance-mcp",
        hide_input_in_errors=True,
    )

    http: CliSubCommand[Http] = Field(description=Http.__doc__)
    sandbox: CliSubCommand[Sandbox] = Field(description=Sandbox.__doc__)
    demo: CliSubCommand[Demo] = Field(description=Demo.__doc__)
    version: CliToggleFlag[bool] = Field(default=False, description="Print the version and leave.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003  # the signature is pydantic-settings'
        init_settings: PydanticBaseSettingsSource,
        *_others: PydanticBaseSettingsSource,
        **_more: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read the command line only: an environment variable is no command."""
        return (init_settings,)


def main() -> int:
    """Run the command that the arguments name, and return the exit code."""
    try:
        return _command(sys.argv[1:]).run()
    except BinanceMcpError as error:
        for line in str(error).splitlines():
            print(f"binance-mcp: {line}", file=sys.stderr)
        return _UNUSABLE
    except KeyboardInterrupt:
        return _INTERRUPTED


def _command(arguments: list[str]) -> Command:
    if not arguments:  # how hosts start it: no parser is needed
        return Stdio()
    try:
        parsed = CliApp.run(_Arguments, arguments)
    except ValidationError as error:
        problems = [
            Problem(f"--{details['loc'][-1]}".replace("_", "-"), validation_message(details))
            for details in error.errors()
        ]
        raise SettingsError(problems) from None
    if parsed.version:
        return Version()
    return parsed.http or parsed.sandbox or parsed.demo or Stdio()


def _settings(**overrides: object) -> Settings:
    """Load the settings, and log as they say."""
    from binance_mcp.logs import configure_logging

    settings = load_settings(**overrides)
    configure_logging(settings.log_level, settings.log_format)
    return settings


def _host_config() -> str:
    entry = {
        "command": sys.executable,
        "args": ["-m", "binance_mcp"],
        "env": {"BINANCE_API_KEY": "your API key"},
    }
    return json.dumps({"mcpServers": {"binance": entry}}, indent=2)
