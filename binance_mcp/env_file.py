"""The file with settings beside the environment: which one counts, and what it says.

A host starts the server in whatever folder a person has open, so a `.env` found there may be
anybody's: it could send the API key elsewhere, or loosen the policy. It counts only if it brings
the API key itself, and the environment brings none. A file that is named always counts.
"""

import logging
import os
import shlex
import stat
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Final

from binance_mcp.errors import Problem, SettingsError
from binance_mcp.files import read_file

logger = logging.getLogger(__name__)

VARIABLE: Final = "BINANCE_MCP_ENV_FILE"
API_KEY: Final = "BINANCE_API_KEY"
SECRETS: Final = frozenset(
    {
        API_KEY,
        "BINANCE_API_SECRET",
        "BINANCE_PRIVATE_KEY",
        "BINANCE_PRIVATE_KEY_PASSPHRASE",
        "BINANCE_MCP_AUDIT_KEY",
    }
)
_CREDENTIALS: Final = frozenset({*SECRETS, "BINANCE_PRIVATE_KEY_FILE"}) - {"BINANCE_MCP_AUDIT_KEY"}
_FOUND: Final = ".env"
_LARGEST_FILE: Final = 1024 * 1024
_OTHERS_READ: Final = stat.S_IRGRP | stat.S_IROTH


@dataclass(frozen=True)
class Notice:
    """Something to log about the file, as soon as logging is set up."""

    level: int
    text: str


@dataclass(frozen=True)
class EnvFile:
    """What a file brings, and what is to be said of it."""

    values: Mapping[str, str]
    notices: tuple[Notice, ...] = ()


class _TooLargeError(ValueError):
    """A file has more than 1 MiB."""


def is_unset(value: object) -> bool:
    """Return whether a value is as good as none: empty, or a host's field nobody filled in."""
    return isinstance(value, str) and (not value.strip() or value.startswith("${user_config."))


def load_env_file(
    named: Path | None, environment: Mapping[str, str], known: Collection[str]
) -> EnvFile:
    """Return the `known` variables of the file that is `named`, or of a `.env` found that counts.

    Raises:
        SettingsError: A file is named that cannot be used.

    """
    if named is None:
        return _found_file(environment, known)
    try:
        path = named.expanduser()
        values, mode = _read(path, known)
    except (OSError, ValueError, RuntimeError) as error:  # RuntimeError: an unknown ~user
        raise SettingsError([Problem(VARIABLE, _reason(error))]) from None
    return EnvFile(values, _warnings(path, values, mode))


def _found_file(environment: Mapping[str, str], known: Collection[str]) -> EnvFile:
    path = Path(_FOUND)
    try:
        values, mode = _read(path, known)
    except FileNotFoundError:
        return EnvFile({})
    except (OSError, ValueError) as error:
        return _ignored(logging.INFO, path, _reason(error))
    if _CREDENTIALS & environment.keys():
        return _ignored(_level(values), path, "the environment brings the credential")
    if API_KEY not in values:
        return _ignored(_level(values), path, f"it does not bring {API_KEY}")
    used = Notice(logging.INFO, f"settings are read from {path.absolute()}")
    return EnvFile(values, (used, *_warnings(path, values, mode)))


def _read(path: Path, known: Collection[str]) -> tuple[dict[str, str], int]:
    from dotenv import dotenv_values  # noqa: PLC0415  # most hosts have no such file

    content, mode = read_file(path, _LARGEST_FILE + 1)
    if len(content) > _LARGEST_FILE:
        raise _TooLargeError("it is larger than 1 MiB")
    found = dotenv_values(stream=StringIO(content.decode("utf-8-sig")))
    return {
        name: value
        for name, value in found.items()
        if value is not None and name in known and not is_unset(value)
    }, mode


def _ignored(level: int, path: Path, reason: str) -> EnvFile:
    text = f"{path.absolute()} is ignored: {reason}; name it in {VARIABLE} to use it"
    return EnvFile({}, (Notice(level, text),))


def _level(values: Mapping[str, str]) -> int:
    """Return how important it is that a file is ignored: it may be no business of ours."""
    return logging.WARNING if values else logging.INFO


def _warnings(path: Path, values: Mapping[str, str], mode: int) -> tuple[Notice, ...]:
    if os.name != "posix" or not mode & _OTHERS_READ or not SECRETS & values.keys():
        return ()
    where = str(path.absolute())
    text = f"{where} has a secret that others may read; run: chmod 600 {shlex.quote(where)}"
    return (Notice(logging.WARNING, text),)


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"it cannot be read: {error.strerror}"
    if isinstance(error, UnicodeError):
        return "it is not UTF-8 text"
    return str(error) if isinstance(error, _TooLargeError) else "it is not the path of a file"
