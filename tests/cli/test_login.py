import io
import os
import sys
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Final

import pytest

from tests import keychains
from tests.signature_vectors import ENCRYPTED_KEY, PASSPHRASE
from tests.simulation.stream.machines import exchange

Run = Callable[..., object]
STORED: Final = (
    "The credentials for {} are in the system's keychain now. A server uses them when it starts, "
    "if no others are set.\n"
)
ADDRESS: Final = "BINANCE_REST_URL"


@pytest.fixture(scope="module")
def at() -> Generator[dict[str, str]]:
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("BINANCE_")]:
            patch.delenv(name)
        with exchange() as at:
            yield at


@pytest.fixture(autouse=True)
def _keychain(monkeypatch: pytest.MonkeyPatch, at: dict[str, str]) -> None:
    keychains.use(monkeypatch, keychains.InFile)
    monkeypatch.setenv(ADDRESS, at["restUrl"])


@pytest.fixture
def enter(run: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run `login` with these bytes on standard input."""

    def enter(content: str | bytes, *arguments: str) -> object:
        encoded = content.encode() if isinstance(content, str) else content
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(encoded)))
        return run("login", *arguments)

    return enter


# What is entered by a script


def test_accepted_credentials_are_stored_for_the_environment(
    enter: Run, at: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    given = {"BINANCE_API_KEY": at["apiKey"], "BINANCE_API_SECRET": at["apiSecret"]}
    lines = "".join(f"{name}={value}\n" for name, value in given.items())
    assert enter(f"# of the desk\n{lines}BINANCE_MCP_PORT=1\n") == 0
    told = f"{at['restUrl']} accepts the API key.\n{STORED}"
    assert capsys.readouterr() == (told.format("mainnet"), "")
    assert enter(lines, "--environment", "demo") == 0
    assert capsys.readouterr() == (told.format("demo"), "")
    assert keychains.stored() == {"mainnet": given, "demo": given}


def test_a_login_replaces_the_one_before(enter: Run, at: dict[str, str]) -> None:
    lines = f"BINANCE_API_KEY={at['apiKey']}\nBINANCE_API_SECRET={at['apiSecret']}\n"
    assert enter(lines) == 0
    assert enter(f"BINANCE_API_KEY={at['apiKey']}\n") == 0
    assert keychains.stored() == {"mainnet": {"BINANCE_API_KEY": at["apiKey"]}}


def test_credentials_that_are_set_elsewhere_do_not_matter(
    enter: Run, at: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BINANCE_API_SECRET", "of another key")
    Path(".env").write_text("BINANCE_API_KEY=x\nBINANCE_REST_URL=http://127.0.0.1:1\n", "utf-8")
    assert enter(f"BINANCE_API_KEY={at['apiKey']}\n") == 0
    assert keychains.stored() == {"mainnet": {"BINANCE_API_KEY": at["apiKey"]}}


def test_of_a_private_key_the_absolute_path_is_stored(enter: Run) -> None:
    path = Path("my.pem").absolute()
    path.touch(0o600)
    path.write_text(ENCRYPTED_KEY, "utf-8")
    lines = "BINANCE_API_KEY=k\nBINANCE_PRIVATE_KEY_FILE={}\nBINANCE_PRIVATE_KEY_PASSPHRASE={}\n"
    assert enter(lines.format("my.pem", PASSPHRASE), "--unchecked") == 0
    assert keychains.stored() == {
        "mainnet": {
            "BINANCE_API_KEY": "k",
            "BINANCE_PRIVATE_KEY_FILE": str(path),
            "BINANCE_PRIVATE_KEY_PASSPHRASE": PASSPHRASE,
        }
    }
    assert enter(lines.format("my.pem", "wrong"), "--unchecked") == 2
    assert enter(lines.format("~/no such key", "wrong"), "--unchecked") == 2


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "BINANCE_API_KEY: was not entered"),
        ("BINANCE_API_SECRET=s\n", "BINANCE_API_KEY: was not entered"),
        ("BINANCE_API_KEY=two words\n", "BINANCE_API_KEY: must be the key itself: printable ASCII"),
        (b"BINANCE_API_KEY=\xe9\n", "standard input: is not UTF-8 text, or larger than 1 MiB"),
        (
            'BINANCE_API_KEY=k\nBINANCE_PRIVATE_KEY="-----BEGIN"\n',
            "BINANCE_PRIVATE_KEY: is not stored; put it into a file, and its path into BINANCE_",
        ),
        ("BINANCE_API_KEY='the-key\n", "standard input, line 1 is ignored: it is not NAME=value"),
    ],
)
def test_what_cannot_be_used_is_told_and_not_stored(
    enter: Run, capsys: pytest.CaptureFixture[str], content: str | bytes, told: str
) -> None:
    assert enter(content) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"binance-mcp: {told}")
    assert "the-key" not in err
    assert keychains.stored() == {}


def test_closed_standard_input_enters_nothing(
    run: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert run("login") == 2
    assert capsys.readouterr().err == (
        "binance-mcp: BINANCE_API_KEY: was not entered; a script writes BINANCE_API_KEY=... to "
        "standard input\n"
    )


# What Binance says


@pytest.mark.parametrize(
    ("environment", "cause"),
    [
        ("mainnet", "it is a key of Binance's demo trading"),
        ("demo", "it is not a key of Binance's demo trading but of a real account"),
    ],
)
def test_a_rejected_key_is_told_with_its_likely_causes_and_not_stored(
    enter: Run, capsys: pytest.CaptureFixture[str], environment: str, cause: str
) -> None:
    assert enter(f"BINANCE_API_KEY={'k' * 64}\n", "--environment", environment) == 1
    out, err = capsys.readouterr()
    assert (out, keychains.stored()) == ("", {})
    first, second = err.splitlines()
    assert first.startswith("binance-mcp: Binance answered 401, code -2015: ")
    assert second.startswith(f"Likely causes: {cause} (then run binance-mcp login --environment ")
    assert second.endswith(" Nothing was stored.")
    assert "k" * 64 not in err


def test_a_secret_of_another_key_is_told_and_not_stored(
    enter: Run, at: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert enter(f"BINANCE_API_KEY={at['apiKey']}\nBINANCE_API_SECRET={'s' * 64}\n") == 1
    _, err = capsys.readouterr()
    assert "-1022" in err
    assert "The API secret or private key is not that of this API key. Nothing was stored." in err
    assert keychains.stored() == {}


def test_without_an_answer_of_binance_only_unchecked_stores(
    enter: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ADDRESS, "http://127.0.0.1:1")
    monkeypatch.setenv("BINANCE_TIMEOUT_SECONDS", "0.1")
    assert enter("BINANCE_API_KEY=k\n") == 2
    _, err = capsys.readouterr()
    assert err == (
        "binance-mcp: Binance could not be reached (ConnectError)\n"
        "Whether the credentials work is not known, so nothing was stored. To store them without "
        "asking http://127.0.0.1:1, add --unchecked.\n"
    )
    assert keychains.stored() == {}
    assert enter("BINANCE_API_KEY=k\n", "--unchecked") == 0
    assert capsys.readouterr() == (STORED.format("mainnet"), "")
    assert keychains.stored() == {"mainnet": {"BINANCE_API_KEY": "k"}}


# Where nothing is stored


@pytest.mark.parametrize("command", ["login", "logout"])
def test_the_sandbox_needs_no_login(
    run: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setenv("BINANCE_ENVIRONMENT", "sandbox")
    assert run(command) == 2
    told = "--environment: must be mainnet or demo: the sandbox needs no credentials"
    assert capsys.readouterr() == ("", f"binance-mcp: {told}\n")


def test_without_a_safe_keychain_nothing_is_asked_and_the_way_out_is_told(
    run: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    keychains.use(monkeypatch, keychains.Plaintext)
    monkeypatch.setattr(sys, "stdin", None)
    assert run("login") == 2
    _, err = capsys.readouterr()
    assert err == (
        "binance-mcp: this system has no keychain that keeps secrets safely (keyring offers "
        "tests.keychains.Plaintext); instead, put the credentials into a file that only you may "
        "read, and name it in BINANCE_MCP_ENV_FILE\n"
    )
