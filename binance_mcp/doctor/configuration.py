"""The settings: where each comes from, and whether they fit together. Pure."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from binance_mcp.doctor.finding import Certainty, Finding, ok, problem, warning
from binance_mcp.env_file import API_KEY
from binance_mcp.errors import SettingsError
from binance_mcp.futures.environment import ENVIRONMENTS
from binance_mcp.settings import Settings
from binance_mcp.settings_sources import FoundSettings

_CHECK: Final = "settings"
_HOW: Final = (
    "Correct it where this program is started: in the env of its entry in the host's "
    "configuration, in the shell, or in the file of settings."
)


def refused_settings(error: SettingsError) -> Sequence[Finding]:
    """Return what is wrong with settings that cannot be used: a finding for each variable."""
    return [problem(_CHECK, str(each), _HOW) for each in error.problems]


def check_settings(found_settings: FoundSettings) -> Sequence[Finding]:
    """Check settings that can be used."""
    settings = found_settings.settings
    told = [each.text for each in found_settings.notices if each.level >= logging.WARNING]
    found = [
        *_missing_key(settings, told),
        *_key_as_secret(settings),
        *_addresses(settings),
    ]
    return found or [ok(_CHECK, _origins(found_settings))]


def shown_origins(origins: Mapping[str, str]) -> Mapping[str, str]:
    """Return the origins without the name of the user, which paths of a home folder have."""
    home = str(Path.home())
    return {name: where.replace(home, "~") for name, where in sorted(origins.items())}


def _origins(found: FoundSettings) -> str:
    by_origin: dict[str, list[str]] = {}
    for variable, where in shown_origins(found.origins).items():
        by_origin.setdefault(where, []).append(variable)
    told = "; ".join(f"{', '.join(names)} from {where}" for where, names in by_origin.items())
    return (
        f"the environment is {found.settings.environment}; {told or 'every setting is the default'}"
    )


def _missing_key(settings: Settings, told: Sequence[str]) -> Iterator[Finding]:
    """Find that there is no API key, for which what was told of the settings is the reason."""
    if settings.api_key is None and not is_in_process(settings):
        reasons = "".join(f"; {text}" for text in told)
        yield problem(
            _CHECK,
            f"no API key is set, so that every call fails{reasons}",
            f"Set {API_KEY}, or run binance-mcp login. BINANCE_ENVIRONMENT=sandbox needs none.",
        )
    else:
        yield from (warning(_CHECK, text, "") for text in told)


def _key_as_secret(settings: Settings) -> Iterator[Finding]:
    if settings.api_key and settings.api_key == settings.api_secret:
        yield problem(
            _CHECK,
            "BINANCE_API_SECRET has the same value as BINANCE_API_KEY",
            "Put the secret key there, which Binance shows once, when the API key is made.",
        )


def _addresses(settings: Settings) -> Iterator[Finding]:
    """Find URLs that belong to different environments of Binance."""
    own = ENVIRONMENTS[settings.environment]
    if settings.rest_url not in (None, own.rest_url) and settings.stream_url is None:
        yield problem(
            _CHECK,
            "BINANCE_REST_URL is set and BINANCE_STREAM_URL is not: listen keys of the one "
            "address bring no events at the other",
            "Set both, or neither.",
            Certainty.LIKELY,
        )
    owners = {
        url: each.name for each in ENVIRONMENTS.values() for url in (each.rest_url, each.stream_url)
    }
    given = {"BINANCE_REST_URL": settings.rest_url, "BINANCE_STREAM_URL": settings.stream_url}
    for variable, url in given.items():
        owner = owners.get(url or "", settings.environment)
        if owner != settings.environment:
            yield problem(
                _CHECK,
                f"{variable} is that of {owner}, and BINANCE_ENVIRONMENT is {settings.environment}",
                f"Unset {variable}, and set BINANCE_ENVIRONMENT to the environment of the API key.",
            )


def is_in_process(settings: Settings) -> bool:
    """Return whether the server brings its own sandbox, so that nothing leaves the process."""
    return settings.environment == "sandbox" and settings.rest_url is None
