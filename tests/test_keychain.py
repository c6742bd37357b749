import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
from keyring.backend import KeyringBackend

from binance_mcp.errors import KeychainError, NoKeychainError
from binance_mcp.keychain import SERVICE, Keychain
from tests import keychains

SECRETS: Final = {"BINANCE_API_KEY": "the-key", "BINANCE_API_SECRET": "the-secret"}
BUS: Final = "DBUS_SESSION_BUS_ADDRESS"
linux = pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="needs Unix sockets")


@pytest.fixture
def keychain(monkeypatch: pytest.MonkeyPatch) -> Keychain:
    keychains.use(monkeypatch, keychains.InFile)
    return Keychain(seconds=20)


def test_what_is_stored_is_read_for_the_same_environment(keychain: Keychain) -> None:
    keychain.store("mainnet", SECRETS)
    assert keychain.read("mainnet") == SECRETS
    assert keychain.read("demo") == {}


def test_storing_replaces_all_credentials_of_the_environment(keychain: Keychain) -> None:
    keychain.store("demo", SECRETS)
    keychain.store("demo", {"BINANCE_API_KEY": "another"})
    assert keychain.read("demo") == {"BINANCE_API_KEY": "another"}


def test_removing_tells_whether_there_were_credentials(keychain: Keychain) -> None:
    keychain.store("mainnet", SECRETS)
    keychain.store("demo", SECRETS)
    assert keychain.remove("mainnet")
    assert not keychain.remove("mainnet")
    assert (keychain.read("mainnet"), keychain.read("demo")) == ({}, SECRETS)


@pytest.mark.parametrize("text", ["not JSON: the-key", '["the-key"]'])
def test_an_entry_of_another_form_is_an_error_that_says_how_to_replace_it(
    keychain: Keychain, text: str
) -> None:
    keychains.write(SERVICE, "demo", text)
    with pytest.raises(KeychainError) as failed:
        keychain.read("demo")
    assert "run: binance-mcp login --environment demo" in str(failed.value)
    assert "the-key" not in str(failed.value)
    keychain.store("demo", SECRETS)
    assert keychain.read("demo") == SECRETS


@pytest.mark.parametrize(
    "backend",
    ["keyring.backends.fail.Keyring", "keyring.backends.null.Keyring", "tests.keychains.Plaintext"],
)
def test_a_keychain_that_keeps_nothing_or_keeps_it_in_the_clear_is_none(
    keychain: Keychain, monkeypatch: pytest.MonkeyPatch, backend: str
) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", backend)
    for use in (
        keychain.check,
        lambda: keychain.read("demo"),
        lambda: keychain.store("demo", SECRETS),
    ):
        with pytest.raises(NoKeychainError) as failed:
            use()
        assert backend in str(failed.value)
        assert "BINANCE_MCP_ENV_FILE" in str(failed.value)
    assert keychains.entries() == {}


@pytest.mark.parametrize("backend", ["no.such.Keyring", "tests.keychains.Missing", "Keyring"])
def test_a_configured_keychain_that_cannot_be_loaded_is_none(
    monkeypatch: pytest.MonkeyPatch, backend: str
) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", backend)
    with pytest.raises(NoKeychainError, match="PYTHON_KEYRING_BACKEND"):
        Keychain(seconds=20).check()


def test_a_keychain_that_forgets_or_does_not_is_an_error(
    keychain: Keychain, monkeypatch: pytest.MonkeyPatch
) -> None:
    keychain.store("demo", SECRETS)
    keychains.use(monkeypatch, keychains.Forgetful)
    with pytest.raises(KeychainError, match="did not keep"):
        keychain.store("mainnet", SECRETS)
    with pytest.raises(KeychainError, match="did not remove"):
        keychain.remove("demo")


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        (keychains.Locked, "KeyringLocked: Failed to unlock binance-listen-key-mcp!"),
        (keychains.Failing, "OSError"),
    ],
)
def test_a_failure_is_told_without_what_is_stored(
    keychain: Keychain, monkeypatch: pytest.MonkeyPatch, kind: type[KeyringBackend], told: str
) -> None:
    keychain.store("demo", SECRETS)
    keychains.use(monkeypatch, kind)
    with pytest.raises(KeychainError) as failed:
        keychain.read("demo")
    assert not isinstance(failed.value, NoKeychainError)
    assert str(failed.value) == (
        f"the system's keychain cannot be used ({told}); unlock it and try again, or put the "
        "credentials into a file that only you may read, and name it in BINANCE_MCP_ENV_FILE"
    )
    assert not any(secret in str(failed.value) for secret in SECRETS.values())


def test_a_keychain_that_waits_for_the_user_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    keychains.use(monkeypatch, keychains.Waiting)
    with pytest.raises(KeychainError, match=r"did not answer within 0\.1 s; unlock it"):
        Keychain(seconds=0.1).read("demo")


CHECK: Final = """
from binance_mcp.errors import NoKeychainError
from binance_mcp.keychain import Keychain
try:
    Keychain(seconds=20).check()
except NoKeychainError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems always have a keychain")
def test_on_a_linux_without_a_session_bus_there_is_no_keychain(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for variable in ("PYTHON_KEYRING_BACKEND", BUS, "XDG_CONFIG_HOME"):
        monkeypatch.delenv(variable, raising=False)
    for variable in ("HOME", "XDG_RUNTIME_DIR"):
        monkeypatch.setenv(variable, str(Path.cwd()))
    ended = subprocess.run(
        [sys.executable, "-c", CHECK], capture_output=True, check=True, text=True, timeout=60
    )
    assert ended.stdout.startswith("this system has no keychain that keeps secrets safely (")


# Hosts start servers without the address of the session's bus


@linux
def test_without_its_address_the_session_bus_is_where_systemd_has_it(
    keychain: Keychain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(BUS, "")  # so that it is as before after the test
    monkeypatch.delenv(BUS)
    with pytest.MonkeyPatch.context() as patch, socket.socket(socket.AF_UNIX) as bus:
        bus.bind("bus")
        patch.setenv("XDG_RUNTIME_DIR", str(Path.cwd()))
        keychain.check()
    assert os.environ[BUS] == f"unix:path={Path('bus').absolute()}"


@linux
@pytest.mark.parametrize("folder", ["/nowhere", "/" + "n" * 300])
def test_without_a_session_bus_nothing_is_made_up(
    keychain: Keychain, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    monkeypatch.delenv(BUS, raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", folder)
    keychain.check()
    assert BUS not in os.environ


def test_a_known_address_of_the_session_bus_is_kept(
    keychain: Keychain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(BUS, "unix:path=/known")
    keychain.check()
    assert os.environ[BUS] == "unix:path=/known"
