"""The command that puts credentials into the system's keychain."""

import sys
from collections.abc import Mapping
from getpass import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal, TypeAlias

import anyio
from pydantic import Field
from pydantic_settings import CliToggleFlag

from binance_mcp.cli.command import Command, in_force
from binance_mcp.cli.output import complain, say
from binance_mcp.env_file import (
    API_KEY,
    API_SECRET,
    PASSPHRASE,
    PRIVATE_KEY,
    PRIVATE_KEY_FILE,
    parse_variables,
)
from binance_mcp.errors import Problem, SettingsError
from binance_mcp.settings import Settings
from binance_mcp.settings_sources import read_settings_with

if TYPE_CHECKING:
    from binance_mcp.futures.credentials import Credentials
    from binance_mcp.keychain import Keychain

_REFUSED: Final = 1
_UNASKED: Final = 2
SECONDS: Final = 120.0
"""How long the user may take to unlock the keychain."""
_STDIN: Final = "standard input"
_OTHER_CAUSES: Final = (
    "it may not be used from this IP address; it lacks the permission for Futures, or was made "
    "before the Futures account was opened (then make a new one); or Portfolio Margin is on."
)
_REJECTED: Final = {
    "mainnet": (
        "Likely causes: it is a key of Binance's demo trading (then run binance-mcp login "
        f"--environment demo); {_OTHER_CAUSES}"
    ),
    "demo": (
        "Likely causes: it is not a key of Binance's demo trading but of a real account (then run "
        f"binance-mcp login --environment mainnet); {_OTHER_CAUSES}"
    ),
}

KeychainEnvironment: TypeAlias = Annotated[
    Literal["mainnet", "demo"] | None,
    Field(description="Whose credentials, instead of BINANCE_ENVIRONMENT."),
]


class Login(Command):
    """Put the account's credentials into the system's keychain.

    The API key is asked for without echo; then, if wanted, an API secret, or the path of a private
    key (with any character but letters and digits: ./key) and its passphrase. Before they are
    stored, Binance is asked whether it accepts them, which creates nothing.

    Without a terminal, standard input is read: lines as in a file of settings, such as
    BINANCE_API_KEY=..., with BINANCE_API_SECRET or BINANCE_PRIVATE_KEY_FILE and
    BINANCE_PRIVATE_KEY_PASSPHRASE if wanted.

    Exit codes: 0 they are stored; 1 Binance refuses them; 2 they cannot be checked or stored.
    """

    environment: KeychainEnvironment = None
    unchecked: CliToggleFlag[bool] = Field(default=False, description="Do not ask Binance.")

    def run(self) -> int:
        """Ask for the credentials, check them, and store them.

        Raises:
            SettingsError: They cannot be used.
            KeychainError: They cannot be stored.

        """
        from binance_mcp.futures.credentials import load_credentials
        from binance_mcp.keychain import Keychain

        keychain = Keychain(SECONDS)
        keychain.check()  # before anything is typed in vain
        environment = keychain_environment(self.environment)
        entered = _located(_entered(environment))
        found = read_settings_with(entered, environment=environment, log_level="WARNING")
        settings = in_force(found)
        usable = load_credentials(settings)
        if self.unchecked:
            return _store(keychain, environment, entered)
        return anyio.run(_check, settings, usable) or _store(keychain, environment, entered)


def keychain_environment(given: str | None) -> str:
    """Return the environment whose credentials are meant: the given one, else the configured one.

    Raises:
        SettingsError: It needs none, or a setting cannot be used.

    """
    environment = read_settings_with({}, environment=given).settings.environment
    if environment == "sandbox":
        wanted = "must be mainnet or demo: the sandbox needs no credentials"
        raise SettingsError([Problem("--environment", wanted)])
    return environment


def _entered(environment: str) -> Mapping[str, str]:
    """Return the credentials that the user enters, by variable."""
    try:
        found = _typed(environment) if sys.stdin and sys.stdin.isatty() else _piped()
    except EOFError:
        found = {}
    if PRIVATE_KEY in found:
        wanted = f"is not stored; put it into a file, and its path into {PRIVATE_KEY_FILE}"
        raise SettingsError([Problem(PRIVATE_KEY, wanted)])
    if API_KEY not in found:
        wanted = f"was not entered; a script writes {API_KEY}=... to standard input"
        raise SettingsError([Problem(API_KEY, wanted)])
    return found


def _typed(environment: str) -> dict[str, str]:
    found = {API_KEY: getpass(f"API key for {environment}: ").strip()}
    second = getpass("API secret, or path of a private key (Enter: neither): ").strip()
    if second.isalnum():
        found[API_SECRET] = second
    elif second:
        found[PRIVATE_KEY_FILE] = second
        found[PASSPHRASE] = getpass("Passphrase of the private key (Enter: none): ")
    return {name: value for name, value in found.items() if value}


def _piped() -> dict[str, str]:
    known = (API_KEY, API_SECRET, PRIVATE_KEY, PRIVATE_KEY_FILE, PASSPHRASE)
    content = sys.stdin.buffer.read() if sys.stdin else b""
    try:
        found, notices = parse_variables(content, known, _STDIN)
    except ValueError:
        raise SettingsError([Problem(_STDIN, "is not UTF-8 text, or larger than 1 MiB")]) from None
    for notice in notices:
        complain(f"binance-mcp: {notice.text}")
    return found


def _located(credentials: Mapping[str, str]) -> Mapping[str, str]:
    """Return the credentials with an absolute path: a host starts the server in any folder."""
    path = credentials.get(PRIVATE_KEY_FILE, "~")
    if path.startswith("~"):
        return credentials
    return {**credentials, PRIVATE_KEY_FILE: str(Path(path).absolute())}


async def _check(settings: Settings, credentials: "Credentials") -> int:
    """Ask Binance whether the credentials work; return an exit code, after telling why not."""
    from binance_mcp.futures.account import environment_of
    from binance_mcp.futures.binance_error import (
        BadApiKeyFormatError,
        BinanceError,
        InvalidSignatureError,
        RejectedApiKeyError,
    )
    from binance_mcp.futures.credentials_check import check_credentials

    causes: dict[type[BinanceError], str] = {
        BadApiKeyFormatError: "Is it complete? Copy it again.",
        InvalidSignatureError: "The API secret or private key is not that of this API key.",
        RejectedApiKeyError: _REJECTED[settings.environment],
    }
    host = environment_of(settings).rest_url
    try:
        await check_credentials(settings, credentials)
    except BinanceError as error:
        complain(f"binance-mcp: {error}")
        if cause := causes.get(type(error)):
            complain(f"{cause} Nothing was stored.")
            return _REFUSED
        complain(
            "Whether the credentials work is not known, so nothing was stored. To store them "
            f"without asking {host}, add --unchecked."
        )
        return _UNASKED
    say(f"{host} accepts the API key.")
    return 0


def _store(keychain: "Keychain", environment: str, credentials: Mapping[str, str]) -> int:
    keychain.store(environment, credentials)
    say(
        f"The credentials for {environment} are in the system's keychain now. A server uses them "
        "when it starts, if no others are set."
    )
    return 0
