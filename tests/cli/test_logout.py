from collections.abc import Callable

import pytest

from binance_mcp.keychain import Keychain
from tests import keychains

Run = Callable[..., object]


@pytest.fixture(autouse=True)
def _keychain(monkeypatch: pytest.MonkeyPatch) -> None:
    keychains.use(monkeypatch, keychains.InFile)


def test_logout_removes_the_credentials_of_one_environment(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    keychain = Keychain(seconds=20)
    keychain.store("mainnet", {"BINANCE_API_KEY": "live"})
    keychain.store("demo", {"BINANCE_API_KEY": "demo"})
    assert run("logout", "--environment", "demo") == 0
    told = "The credentials for demo are no longer in the system's keychain.\n"
    assert capsys.readouterr() == (told, "")
    assert (keychain.read("mainnet"), keychain.read("demo")) == ({"BINANCE_API_KEY": "live"}, {})


def test_logout_without_a_login_is_no_failure(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("logout") == 0
    told = "There were no credentials for mainnet in the system's keychain.\n"
    assert capsys.readouterr() == (told, "")


def test_logout_tells_that_a_keychain_is_locked(
    run: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    keychains.use(monkeypatch, keychains.Locked)
    assert run("logout") == 2
    assert "KeyringLocked" in capsys.readouterr().err
