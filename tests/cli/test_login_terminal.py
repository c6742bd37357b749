"""`binance-mcp login` at a terminal."""

import os
import subprocess
from pathlib import Path
from threading import Timer

import pytest

from tests import keychains
from tests.cli.processes import COMMAND, posix
from tests.signature_vectors import ENCRYPTED_KEY, PASSPHRASE

pytestmark = posix


@pytest.fixture(autouse=True)
def _keychain(monkeypatch: pytest.MonkeyPatch) -> None:
    keychains.use(monkeypatch, keychains.InFile)


def at_a_terminal(*lines: str, end: bytes = b"") -> tuple[int, str]:
    """Type lines into `login`; return its exit code, and everything that the terminal showed."""
    terminal, tty = os.openpty()
    with subprocess.Popen(
        [*COMMAND, "login", "--unchecked"],
        stdin=tty,
        stdout=tty,
        stderr=tty,
        start_new_session=True,  # otherwise getpass finds the terminal of whoever tests
    ) as process:
        os.close(tty)
        deadline = Timer(60, process.kill)
        deadline.start()
        shown = b""
        for line in (*(f"{line}\n".encode() for line in lines), end):
            shown += _until_prompt(terminal) if line else b""
            os.write(terminal, line)
        while chunk := _read(terminal):
            shown += chunk
        deadline.cancel()
    os.close(terminal)
    return process.returncode, shown.decode()


def _until_prompt(terminal: int) -> bytes:
    """Read a prompt to its end: what is typed before it is discarded."""
    shown = b""
    while not shown.endswith(b": ") and (chunk := _read(terminal)):
        shown += chunk
    return shown


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # the process has ended
        return b""


def test_at_a_terminal_key_and_secret_are_asked_for_without_echo() -> None:
    code, shown = at_a_terminal("the-key", "theSecret64")
    assert (code, "the-key" in shown, "theSecret64" in shown) == (0, False, False)
    assert "API key for mainnet: " in shown
    assert "API secret, or path of a private key (Enter: neither): " in shown
    assert keychains.stored() == {
        "mainnet": {"BINANCE_API_KEY": "the-key", "BINANCE_API_SECRET": "theSecret64"}
    }


def test_at_a_terminal_a_path_is_taken_for_that_of_a_private_key() -> None:
    path = Path("my.pem").absolute()
    path.touch(0o600)
    path.write_text(ENCRYPTED_KEY, "utf-8")
    code, shown = at_a_terminal("the-key", "./my.pem", PASSPHRASE)
    assert (code, PASSPHRASE in shown) == (0, False)
    assert keychains.stored() == {
        "mainnet": {
            "BINANCE_API_KEY": "the-key",
            "BINANCE_PRIVATE_KEY_FILE": str(path),
            "BINANCE_PRIVATE_KEY_PASSPHRASE": PASSPHRASE,
        }
    }


def test_at_a_terminal_the_api_key_is_enough() -> None:
    assert at_a_terminal("the-key", "")[0] == 0
    assert keychains.stored() == {"mainnet": {"BINANCE_API_KEY": "the-key"}}


def test_ctrl_d_at_a_terminal_enters_nothing() -> None:
    code, shown = at_a_terminal(end=b"\x04")
    assert (code, keychains.stored()) == (2, {})
    assert "BINANCE_API_KEY: was not entered" in shown
