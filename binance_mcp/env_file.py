"""The file with settings: which file is used, and its values.

A host starts the server in whatever folder the user has open, so a `.env` found there may belong to
anybody: it could redirect the API key or replace the policy. It is used only if it contains the API
key itself and the environment has no credential. A file that is named is always used.
"""

import logging
import os
import shlex
import stat
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Final

from binance_mcp.errors import Problem, SettingsError
from binance_mcp.files import read_file

VARIABLE: Final = "BINANCE_MCP_ENV_FILE"
API_KEY: Final = "BINANCE_API_KEY"
API_SECRET: Final = "BINANCE_API_SECRET"  # noqa: S105  # its name only
PRIVATE_KEY: Final = "BINANCE_PRIVATE_KEY"
PRIVATE_KEY_FILE: Final = "BINANCE_PRIVATE_KEY_FILE"
PASSPHRASE: Final = "BINANCE_PRIVATE_KEY_PASSPHRASE"  # noqa: S105  # likewise
CREDENTIALS: Final = frozenset({API_KEY, API_SECRET, PRIVATE_KEY, PRIVATE_KEY_FILE, PASSPHRASE})
SECRETS: Final = CREDENTIALS - {PRIVATE_KEY_FILE} | {"BINANCE_MCP_AUDIT_KEY"}
_FOUND: Final = ".env"
_PREFIX: Final = b"BINANCE_"
_LARGEST_FILE: Final = 1024 * 1024
_MOST_LINES_TOLD: Final = 3
_OTHERS_READ: Final = stat.S_IRGRP | stat.S_IROTH


@dataclass(frozen=True)
class Notice:
    """A message about the file, to be logged once logging is configured."""

    level: int
    text: str


@dataclass(frozen=True)
class EnvFile:
    """The values of a file, and messages about it."""

    values: Mapping[str, str]
    notices: tuple[Notice, ...] = ()
    path: str = ""
    """Absolute; empty if no file is used."""


class _TooLargeError(ValueError):
    """A file has more than 1 MiB."""


def is_unset(value: object) -> bool:
    """Return whether a value means unset: empty, or a host's field that was not filled in."""
    return isinstance(value, str) and (not value.strip() or value.startswith("${user_config."))


def load_env_file(
    named: Path | None, environment: Mapping[str, str], known: Collection[str]
) -> EnvFile:
    """Return the `known` variables of the file that is `named`, else of a `.env` that may be used.

    Raises:
        SettingsError: The named file cannot be used.

    """
    if named is None:
        return _found_file(environment, known)
    try:
        path = named.expanduser()
        content, mode = read_file(path, _LARGEST_FILE + 1)
        values, notices = parse_variables(content, known, _shown(path))
    except (OSError, ValueError, RuntimeError) as error:  # RuntimeError: an unknown ~user
        problem = Problem(VARIABLE, f"{_shown(named)}: {_reason(error)}")
        raise SettingsError([problem]) from None
    return EnvFile(values, (*notices, *_warnings(path, values, mode)), _shown(path))


def _found_file(environment: Mapping[str, str], known: Collection[str]) -> EnvFile:
    path = Path(_FOUND)
    try:
        content, mode = read_file(path, _LARGEST_FILE + 1)
        is_ours = _PREFIX in content.replace(b"\0", b"")  # UTF-16 included
        name = _shown(path)
        values, notices = parse_variables(content, known, name) if is_ours else ({}, ())
    except FileNotFoundError:
        return EnvFile({})
    except (OSError, ValueError) as error:
        # It may be a folder of that name, which has nothing to do with this server.
        level = logging.INFO if isinstance(error, OSError) else logging.WARNING
        return _ignored(level, path, _reason(error))
    if not values:
        return EnvFile({})
    if CREDENTIALS & environment.keys():
        return _ignored(logging.WARNING, path, "the environment has a credential")
    if API_KEY not in values:
        return _ignored(logging.WARNING, path, f"it does not have {API_KEY}")
    used = Notice(logging.INFO, f"settings are read from {_shown(path)}")
    return EnvFile(values, (used, *notices, *_warnings(path, values, mode)), _shown(path))


def parse_variables(
    content: bytes, known: Collection[str], name: str
) -> tuple[dict[str, str], Sequence[Notice]]:
    """Return the `known` variables as they are written, and messages about unreadable lines.

    `${NAME}` is not expanded: a file found could leak any secret of the environment in a value.
    The messages call the content by its `name`.

    Raises:
        ValueError: The content is not UTF-8 text, or is larger than 1 MiB.

    """
    from dotenv.parser import parse_stream  # noqa: PLC0415  # most hosts have no such file

    if len(content) > _LARGEST_FILE:
        raise _TooLargeError("it is larger than 1 MiB")
    values: dict[str, str] = {}
    unread: list[int] = []
    text = content.decode("utf-8-sig")
    if "\0" in text:
        raise UnicodeError
    for binding in parse_stream(StringIO(text)):
        if binding.error:
            before = binding.original.string.partition(binding.original.string.lstrip())[0]
            unread.append(binding.original.line + before.count("\n"))
        elif binding.key and binding.key in known and binding.value is not None:
            values[binding.key] = binding.value
    told = [
        Notice(logging.WARNING, f"{name}, line {line} is ignored: it is not NAME=value")
        for line in unread[:_MOST_LINES_TOLD]
    ]
    return {name: value for name, value in values.items() if not is_unset(value)}, told


def _ignored(level: int, path: Path, reason: str) -> EnvFile:
    text = f"{_shown(path)} is ignored: {reason}; name it in {VARIABLE} to use it"
    return EnvFile({}, (Notice(level, text),))


def _warnings(path: Path, values: Mapping[str, str], mode: int) -> tuple[Notice, ...]:
    if os.name != "posix" or not mode & _OTHERS_READ or not SECRETS & values.keys():
        return ()
    where = _shown(path)
    text = f"{where} has a secret and other users may read it; run: chmod 600 {shlex.quote(where)}"
    return (Notice(logging.WARNING, text),)


def _shown(path: Path) -> str:
    """Return the absolute path as one printable line: a folder's name may contain anything."""
    try:
        text = str(path.expanduser().absolute())
    except (OSError, RuntimeError):  # the working directory is gone, or there is no such home
        text = str(path)
    return text if text.isprintable() else ascii(text)


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"it cannot be read: {error.strerror}"
    if isinstance(error, UnicodeError):
        return "it is not UTF-8 text"
    return str(error) if isinstance(error, _TooLargeError) else "it is not the path of a file"
