"""Where settings come from: the command line, the environment, a file, and the system's keychain.

They take precedence in this order, each variable by itself. Only the keychain is different: it has
credentials only, and is asked only where no other source has any, so that the key of one account
never meets the secret of another.
"""

import logging
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from binance_mcp.env_file import (
    API_KEY,
    CREDENTIALS,
    VARIABLE,
    EnvFile,
    Notice,
    is_unset,
    load_env_file,
)
from binance_mcp.errors import KeychainError, NoKeychainError, Problem, SettingsError
from binance_mcp.settings import Settings, variable_of
from binance_mcp.validation import validation_message

COMMAND_LINE: Final = "the command line"
ENVIRONMENT: Final = "the environment"
KEYCHAIN: Final = "the system's keychain"
_UNPLACED: Final = (COMMAND_LINE, ENVIRONMENT)
_KEYCHAIN_SECONDS: Final = 8.0
"""Some hosts give a server 10 seconds to start:
https://github.com/openai/codex/issues/11851
"""

_T = TypeVar("_T")


@dataclass(frozen=True)
class FoundSettings:
    """The settings, and where they are from."""

    settings: Settings
    origins: Mapping[str, str]
    """By variable that is set: `the command line`, `the environment`, `the system's keychain`, or
    the absolute path of a file."""
    notices: Sequence[Notice] = ()
    """To be logged."""


def load_settings(**overrides: object) -> Settings:
    """Read the settings: `overrides` by field name, the environment, a file, in this order.

    Raises:
        SettingsError: A value cannot be used. The text has a line per variable.

    """
    return read_settings(**overrides).settings


def read_settings(**overrides: object) -> FoundSettings:
    """Read the settings like `load_settings`, with their origins, and messages about the file."""
    return _read(overrides)


def read_settings_with(credentials: Mapping[str, str], **overrides: object) -> FoundSettings:
    """Read the settings with these credentials, by variable, instead of any that are set.

    A `.env` that is not named is not read: it could send them elsewhere.
    """
    return _read(overrides, credentials, COMMAND_LINE)


def read_settings_and_keychain(**overrides: object) -> FoundSettings:
    """Read the settings like `read_settings`, with the system's keychain as the last source.

    The sandbox needs none of its credentials. A keychain that cannot be used is no failure, but a
    notice: without credentials the server starts, and its calls say what to do.

    Raises:
        SettingsError: A value cannot be used.

    """
    found = _read(overrides)
    if CREDENTIALS & found.origins.keys():
        return _noting(found, *_credentials_notice(found.origins))
    environment = found.settings.environment
    if environment == "sandbox":
        return found
    from binance_mcp.keychain import Keychain  # noqa: PLC0415  # seldom needed

    try:
        stored = Keychain(_KEYCHAIN_SECONDS).read(environment)
    except KeychainError as error:
        level = logging.INFO if isinstance(error, NoKeychainError) else logging.WARNING
        return _noting(found, level, f"there are no credentials: {error}")
    credentials = {name: stored[name] for name in CREDENTIALS & stored.keys()}
    if not credentials:
        text = "there are no credentials; run binance-mcp login to store them in the keychain"
        return _noting(found, logging.INFO, text)
    with_keychain = replace(_read(overrides, credentials, KEYCHAIN), notices=found.notices)
    return _noting(with_keychain, *_credentials_notice(with_keychain.origins))


def _read(
    overrides: Mapping[str, object],
    credentials: Mapping[str, str] | None = None,
    place: str = "",
) -> FoundSettings:
    """Read the settings, with `credentials`, if given, from a `place` instead of any that are set.

    Then a `.env` that is not named is not read.
    """
    variables = frozenset(map(variable_of, Settings.model_fields))
    environment = _set({n: os.environ[n] for n in variables & os.environ.keys()})
    given = _set({variable_of(n): value for n, value in overrides.items() if value is not None})
    named = given.get(VARIABLE) or environment.get(VARIABLE)
    if named or credentials is None:
        file = load_env_file(Path(str(named)) if named else None, environment, variables)
    else:
        file = EnvFile({})
    sources: list[tuple[str, Mapping[str, object]]]
    sources = [(file.path, file.values), (ENVIRONMENT, environment), (COMMAND_LINE, given)]
    if credentials is not None:
        sources = [(where, _without_credentials(values)) for where, values in sources]
        sources.append((place, credentials))
    origins = {name: where for where, values in sources for name in values}
    merged = {name: value for _, values in sources for name, value in values.items()}
    try:
        return FoundSettings(Settings.model_validate(merged), origins, file.notices)
    except ValidationError as error:
        problems = [_problem(details) for details in error.errors()]
        raise SettingsError([_placed(problem, origins) for problem in problems]) from None


def _set(values: Mapping[str, _T]) -> dict[str, _T]:
    return {name: value for name, value in values.items() if not is_unset(value)}


def _without_credentials(values: Mapping[str, object]) -> Mapping[str, object]:
    return {name: value for name, value in values.items() if name not in CREDENTIALS}


def _credentials_notice(origins: Mapping[str, str]) -> tuple[int, str]:
    """Return where the credentials come from, and never what they are."""
    names = sorted(CREDENTIALS & origins.keys())
    places = [
        f"{_and(name for name in names if origins[name] == where)} from {where}"
        for where in dict.fromkeys(origins[name] for name in names)
    ]
    text = f"credentials: {'; '.join(places)}"
    if API_KEY in names:
        return logging.INFO, text
    return logging.WARNING, f"{text}, without {API_KEY}; the keychain is asked only for all of them"


def _and(names: Iterable[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def _noting(found: FoundSettings, level: int, text: str) -> FoundSettings:
    return replace(found, notices=(*found.notices, Notice(level, text)))


def _placed(problem: Problem, origins: Mapping[str, str]) -> Problem:
    """Return the problem with where its value is from, unless that is plain."""
    where = origins.get(problem.where, ENVIRONMENT)
    if where in _UNPLACED:
        return problem
    return Problem(problem.where, f"{problem.message} (in {where})")


def _problem(details: ErrorDetails) -> Problem:
    field, *_ = details["loc"] or (details.get("ctx", {})["field"],)
    return Problem(variable_of(str(field)), validation_message(details))
