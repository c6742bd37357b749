"""Settings as the environment has them."""

from collections.abc import Mapping
from typing import Final

import pytest

from binance_mcp.errors import SettingsError
from binance_mcp.settings import Settings
from binance_mcp.settings_sources import load_settings

VARIABLES: Final = [str(field.validation_alias) for field in Settings.model_fields.values()]
SECRETS: Final = [
    "BINANCE_API_KEY",
    "BINANCE_API_SECRET",
    "BINANCE_PRIVATE_KEY",
    "BINANCE_PRIVATE_KEY_PASSPHRASE",
]


def settings_of(variables: Mapping[str, str]) -> Settings:
    """Return the settings with these variables in the environment."""
    with pytest.MonkeyPatch.context() as patch:
        for variable, value in variables.items():
            patch.setenv(variable, value)
        return load_settings()


def problems_of(variables: Mapping[str, str]) -> list[str]:
    """Return the lines that refuse these variables."""
    with pytest.raises(SettingsError) as failed:
        settings_of(variables)
    return str(failed.value).splitlines()
