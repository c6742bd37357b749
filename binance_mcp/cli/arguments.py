"""The arguments of the command line."""

from importlib.metadata import version
from inspect import cleandoc
from typing import get_args

from pydantic import Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    CliApp,
    CliPositionalArg,
    CliSubCommand,
    CliToggleFlag,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from binance_mcp.cli.audit import Audit
from binance_mcp.cli.command import Command, EnvFile, summary
from binance_mcp.cli.completion import Shell, completion_script
from binance_mcp.cli.demo import Demo
from binance_mcp.cli.doctor import Doctor
from binance_mcp.cli.http import Http
from binance_mcp.cli.login import Login
from binance_mcp.cli.logout import Logout
from binance_mcp.cli.output import say
from binance_mcp.cli.policy.policy import Policy
from binance_mcp.cli.sandbox import Sandbox
from binance_mcp.cli.setup import Setup
from binance_mcp.cli.stdio import Stdio
from binance_mcp.env_file import VARIABLE
from binance_mcp.errors import Problem, SettingsError
from binance_mcp.validation import validation_message


class Version(Command):
    """Print the version."""

    def run(self) -> int:
        """Print it."""
        say(version("binance-listen-key-mcp"))
        return 0


class Completion(Command):
    """Print the script that completes commands and options in a shell.

    In bash and zsh: eval "$(binance-mcp completion bash)", or zsh.
    In fish: binance-mcp completion fish | source
    In PowerShell: binance-mcp completion powershell | Out-String | Invoke-Expression
    """

    shell: CliPositionalArg[Shell] = Field(description=f"One of {', '.join(get_args(Shell))}.")

    def run(self) -> int:
        """Print it."""
        say(completion_script(_Arguments, self.shell))
        return 0


class _Arguments(BaseSettings):
    __doc__ = cleandoc(
        """MCP server for the Binance USD-M Futures listen key. Without a command, it serves stdio.

        Exit codes: 0 success; 1 a problem was found; 2 the command cannot be run; 130 interrupted.
        """
    )
    model_config = SettingsConfigDict(
        cli_avoid_json=True,
        cli_enforce_required=True,
        cli_hide_none_type=True,
        cli_kebab_case=True,
        cli_prog_name="binance-mcp",
        hide_input_in_errors=True,
    )

    login: CliSubCommand[Login] = Field(description=summary(Login))
    logout: CliSubCommand[Logout] = Field(description=summary(Logout))
    setup: CliSubCommand[Setup] = Field(description=summary(Setup))
    http: CliSubCommand[Http] = Field(description=summary(Http))
    policy: CliSubCommand[Policy] = Field(description=summary(Policy))
    audit: CliSubCommand[Audit] = Field(description=summary(Audit))
    sandbox: CliSubCommand[Sandbox] = Field(description=summary(Sandbox))
    demo: CliSubCommand[Demo] = Field(description=summary(Demo))
    completion: CliSubCommand[Completion] = Field(description=summary(Completion))
    doctor: CliSubCommand[Doctor] = Field(description=summary(Doctor))
    env_file: EnvFile = None
    version: CliToggleFlag[bool] = Field(default=False, description="Print the version and exit.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003  # the signature is pydantic-settings'
        init_settings: PydanticBaseSettingsSource,
        *_others: PydanticBaseSettingsSource,
        **_more: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read the command line only, not the environment."""
        return (init_settings,)


def parse(arguments: list[str]) -> Command:
    """Return the command that the arguments name.

    Raises:
        SettingsError: An argument has an invalid value.
        SystemExit: The usage is wrong, or help was asked for; either has been printed.

    """
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
    commands = (command for _, command in parsed if isinstance(command, Command))
    command = next(commands, Stdio())
    if parsed.env_file is None:
        return command
    if not isinstance(command, Doctor | Http | Stdio):
        wanted = f"is only for the commands that serve MCP, and doctor; otherwise set {VARIABLE}"
        raise SettingsError([Problem("--env-file", wanted)])
    return command.model_copy(update={"env_file": command.env_file or parsed.env_file})
