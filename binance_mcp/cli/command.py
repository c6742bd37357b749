"""The base of commands, and what they share."""

import logging
from abc import ABC, abstractmethod
from inspect import cleandoc
from typing import Annotated, TypeAlias

from pydantic import BaseModel, Field

from binance_mcp.errors import Problem, SettingsError
from binance_mcp.settings import Settings
from binance_mcp.settings_sources import (
    FoundSettings,
    read_settings,
    read_settings_and_keychain,
)

logger = logging.getLogger(__name__)

EnvFile: TypeAlias = Annotated[
    str | None, Field(description="File with settings, instead of BINANCE_MCP_ENV_FILE.")
]


class Command(BaseModel, ABC):
    """A command. Its docstring is its help."""

    def __init_subclass__(cls) -> None:
        cls.__doc__ = cleandoc(cls.__doc__ or "")  # it is printed as help

    @abstractmethod
    def run(self) -> int:
        """Run the command, and return the exit code.

        Raises:
            BinanceMcpError: It cannot be run; the text has a line per reason.

        """


class Group(Command):
    """A command that is one of several."""

    def run(self) -> int:
        """Run the given one."""
        commands: dict[str, Command | None] = dict(self)
        for command in commands.values():
            if command:
                return command.run()
        wanted = f"must be followed by a command: {', '.join(commands)}"
        raise SettingsError([Problem(type(self).__name__.lower(), wanted)])


def summary(command: type[Command]) -> str:
    """Return the first line of a command's help."""
    return (command.__doc__ or "").partition("\n")[0]


def settings_in_force(**overrides: object) -> Settings:
    """Load the settings, and configure logging with them."""
    return in_force(read_settings(**overrides))


def settings_with_keychain(**overrides: object) -> Settings:
    """Load the settings to serve with: credentials may come from the system's keychain, too."""
    return in_force(read_settings_and_keychain(**overrides))


def in_force(found: FoundSettings) -> Settings:
    """Configure logging with the settings, and log where they come from."""
    from binance_mcp.logs import configure_logging

    configure_logging(found.settings.log_level, found.settings.log_format)
    for notice in found.notices:
        logger.log(notice.level, notice.text)
    return found.settings
