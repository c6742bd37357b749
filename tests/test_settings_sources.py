import logging
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest
from keyring.backend import KeyringBackend

from binance_mcp.env_file import CREDENTIALS, Notice
from binance_mcp.errors import Problem, SettingsError
from binance_mcp.keychain import Keychain
from binance_mcp.settings import Settings
from binance_mcp.settings_sources import (
    FoundSettings,
    load_settings,
    read_settings,
    read_settings_and_keychain,
    read_settings_with,
)
from tests import keychains

STORED: Final = {"BINANCE_API_KEY": "stored", "BINANCE_API_SECRET": "of stored"}
Store = Callable[..., None]


def credentials(found: FoundSettings) -> list[str | None]:
    """Return the API key and the API secret."""
    both = (found.settings.api_key, found.settings.api_secret)
    return [each.get_secret_value() if each else None for each in both]


def logged(found: FoundSettings) -> tuple[int, str]:
    notice = found.notices[-1]
    return notice.level, notice.text


# The command line, the environment and a file


def test_overrides_precede_environment_variables_and_those_the_env_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = Path("settings").absolute()
    path.write_text(
        "BINANCE_MCP_PORT=1\nBINANCE_RECV_WINDOW=1\nBINANCE_TIMEOUT_SECONDS=1\n", "utf-8"
    )
    monkeypatch.setenv("BINANCE_MCP_ENV_FILE", "settings")
    monkeypatch.setenv("BINANCE_MCP_PORT", "2")
    monkeypatch.setenv("BINANCE_RECV_WINDOW", "2")
    found = read_settings(port=3, host=None)
    settings = found.settings
    assert (settings.port, settings.recv_window, settings.timeout_seconds) == (3, 2, 1.0)
    assert settings.host == "127.0.0.1"
    assert found.origins == {
        "BINANCE_MCP_ENV_FILE": "the environment",
        "BINANCE_MCP_PORT": "the command line",
        "BINANCE_RECV_WINDOW": "the environment",
        "BINANCE_TIMEOUT_SECONDS": str(path),
    }


def test_an_invalid_override_is_reported_with_its_variable() -> None:
    with pytest.raises(SettingsError) as failed:
        load_settings(port=65_536)
    assert failed.value.problems == (Problem("BINANCE_MCP_PORT", "must be at most 65535"),)


def test_an_invalid_value_of_an_env_file_is_reported_with_the_path_of_the_file() -> None:
    Path("named").write_text("BINANCE_MCP_PORT=x\nBINANCE_RECV_WINDOW=x\n", "utf-8")
    with pytest.raises(SettingsError) as failed:
        load_settings(env_file="named", recv_window=0)
    assert str(failed.value).splitlines() == [
        "BINANCE_RECV_WINDOW: must be at least 1",
        f"BINANCE_MCP_PORT: must be a whole number (in {Path('named').absolute()})",
    ]


@pytest.mark.parametrize("nothing", ["", "${user_config.field}"])
def test_a_blank_override_is_ignored(monkeypatch: pytest.MonkeyPatch, nothing: str) -> None:
    monkeypatch.setenv("BINANCE_MCP_HOST", "::1")
    assert load_settings(host=nothing).host == "::1"


# The keychain


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Store:
    """Store credentials in a keychain, for the environment `mainnet`."""
    keychains.use(monkeypatch, keychains.InFile)

    def store(values: dict[str, str], environment: str = "mainnet") -> None:
        Keychain(seconds=20).store(environment, values)

    return store


def test_stored_credentials_are_used_where_no_others_are_set(store: Store) -> None:
    store(STORED)
    found = read_settings_and_keychain(port=3)
    assert credentials(found) == ["stored", "of stored"]
    assert found.settings.port == 3
    assert found.origins == {
        "BINANCE_API_KEY": "the system's keychain",
        "BINANCE_API_SECRET": "the system's keychain",
        "BINANCE_MCP_PORT": "the command line",
    }
    told = "credentials: BINANCE_API_KEY and BINANCE_API_SECRET from the system's keychain"
    assert found.notices == (Notice(logging.INFO, told),)


def test_each_environment_has_stored_credentials_of_its_own(store: Store) -> None:
    store(STORED, "demo")
    assert credentials(read_settings_and_keychain()) == [None, None]
    assert credentials(read_settings_and_keychain(environment="demo")) == ["stored", "of stored"]


@pytest.mark.parametrize("variable", sorted(CREDENTIALS))
def test_a_credential_that_is_set_never_meets_a_stored_one(
    store: Store, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    store(STORED)
    monkeypatch.setenv(variable, "set")
    found = read_settings_and_keychain()
    assert found.settings == load_settings()
    assert found.origins == {variable: "the environment"}
    level, text = logged(found)
    assert text.startswith(f"credentials: {variable} from the environment")
    assert (level == logging.WARNING) == (variable != "BINANCE_API_KEY")
    assert ("without BINANCE_API_KEY" in text) == (variable != "BINANCE_API_KEY")


def test_credentials_of_an_env_file_precede_stored_ones(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(STORED)
    Path(".env").write_text("BINANCE_API_KEY=found\n", "utf-8")
    found = read_settings_and_keychain()
    assert credentials(found) == ["found", None]
    path = Path(".env").absolute()
    assert logged(found) == (logging.INFO, f"credentials: BINANCE_API_KEY from {path}")
    monkeypatch.setenv("BINANCE_API_SECRET", "set")
    both = read_settings_and_keychain(env_file=".env")
    assert logged(both) == (
        logging.INFO,
        f"credentials: BINANCE_API_KEY from {path}; BINANCE_API_SECRET from the environment",
    )


def test_other_settings_of_a_named_env_file_join_stored_credentials(store: Store) -> None:
    store(STORED)
    Path("named").write_text("BINANCE_MCP_PORT=7\n", "utf-8")
    found = read_settings_and_keychain(env_file="named")
    assert (credentials(found), found.settings.port) == (["stored", "of stored"], 7)


def test_an_env_file_that_is_only_found_cannot_redirect_stored_credentials(store: Store) -> None:
    store(STORED)
    Path(".env").write_text("BINANCE_REST_URL=https://elsewhere.example\n", "utf-8")
    found = read_settings_and_keychain()
    assert credentials(found) == ["stored", "of stored"]
    assert found.settings.rest_url is None
    assert [notice.level for notice in found.notices] == [logging.WARNING, logging.INFO]
    assert "it does not have BINANCE_API_KEY" in found.notices[0].text


def test_a_stored_entry_sets_credentials_only(store: Store) -> None:
    store({**STORED, "BINANCE_REST_URL": "https://elsewhere.example"})
    found = read_settings_and_keychain()
    assert (credentials(found), found.settings.rest_url) == (["stored", "of stored"], None)


def test_an_invalid_stored_credential_is_reported_with_its_place(store: Store) -> None:
    store({"BINANCE_API_KEY": "two words"})
    with pytest.raises(SettingsError) as failed:
        read_settings_and_keychain()
    assert str(failed.value).endswith("without spaces (in the system's keychain)")
    assert "two words" not in str(failed.value)


def test_without_stored_credentials_the_log_names_the_command_that_stores_them(
    store: Store,
) -> None:
    store({"OTHER": "of no use"})
    found = read_settings_and_keychain()
    assert found.settings == load_settings()
    told = "there are no credentials; run binance-mcp login to store them in the keychain"
    assert logged(found) == (logging.INFO, told)


@pytest.mark.parametrize(
    ("kind", "level", "told"),
    [
        (
            keychains.Plaintext,
            logging.INFO,
            "this system has no keychain that keeps secrets",
        ),
        (keychains.Locked, logging.WARNING, "the system's keychain cannot be used (KeyringLocked"),
    ],
)
def test_a_keychain_that_cannot_be_used_is_told_and_stops_nothing(
    monkeypatch: pytest.MonkeyPatch, kind: type[KeyringBackend], level: int, told: str
) -> None:
    keychains.use(monkeypatch, kind)
    found = read_settings_and_keychain()
    assert found.settings == load_settings()
    assert found.notices[-1].level == level
    assert found.notices[-1].text.startswith(f"there are no credentials: {told}")


def test_the_sandbox_does_not_ask_the_keychain(monkeypatch: pytest.MonkeyPatch) -> None:
    keychains.use(monkeypatch, keychains.Failing)
    found = read_settings_and_keychain(environment="sandbox")
    assert (credentials(found), found.notices) == ([None, None], ())


@pytest.mark.parametrize(
    "variables",
    [{"BINANCE_API_KEY": "key"}, {"BINANCE_ENVIRONMENT": "sandbox"}],
    ids=["credentials", "sandbox"],
)
def test_a_server_that_needs_no_keychain_does_not_import_keyring(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]
) -> None:
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    command = [sys.executable, "-X", "importtime", "-m", "binance_mcp"]
    ended = subprocess.run(
        command, capture_output=True, check=True, stdin=subprocess.DEVNULL, text=True, timeout=60
    )
    imported = {line.rpartition("|")[2].strip() for line in ended.stderr.splitlines()}
    assert "binance_mcp.server.app" in imported
    assert imported.isdisjoint({"keyring", "binance_mcp.keychain"})


# Credentials that are entered


def test_credentials_that_are_entered_replace_all_that_are_set(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(STORED)
    monkeypatch.setenv("BINANCE_API_SECRET", "set")
    monkeypatch.setenv("BINANCE_MCP_PORT", "7")
    Path("named").write_text("BINANCE_API_KEY=named\nBINANCE_RECV_WINDOW=1\n", "utf-8")
    found = read_settings_with({"BINANCE_API_KEY": "entered"}, env_file="named")
    assert credentials(found) == ["entered", None]
    assert (found.settings.port, found.settings.recv_window) == (7, 1)


def test_an_env_file_that_is_only_found_is_not_read_for_credentials_that_are_entered() -> None:
    Path(".env").write_text(
        "BINANCE_API_KEY=found\nBINANCE_REST_URL=https://elsewhere.example\n", "utf-8"
    )
    found = read_settings_with({"BINANCE_API_KEY": "entered"})
    assert found.settings == Settings.model_validate({"BINANCE_API_KEY": "entered"})
    assert found.notices == ()
