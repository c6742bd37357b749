"""The credentials of requests: the API key, and the signer. Reads the private key's file."""

import os
import shlex
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from binance_mcp.errors import Problem, SettingsError
from binance_mcp.files import read_file
from binance_mcp.futures.signing import Signer, hmac_signer, private_key_signer
from binance_mcp.settings import Settings

_LARGEST_FILE: Final = 64 * 1024
"""In bytes."""
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True)
class Credentials:
    """The API key and the signer of an account."""

    api_key: SecretStr | None = None
    signer: Signer | None = None
    """Without one, requests have the API key only, which is all that Binance asks for."""
    recv_window: float = 5.0
    """Seconds for which a signed request is valid."""


def load_credentials(settings: Settings) -> Credentials:
    """Return the configured credentials.

    Raises:
        SettingsError: A private key cannot be read or used; the text names the variable.

    """
    return Credentials(settings.api_key, _signer(settings), settings.recv_window / 1000)


def _signer(settings: Settings) -> Signer | None:
    if secret := settings.api_secret:
        return hmac_signer(secret.get_secret_value())
    try:
        variable, pem = _private_key(settings)
    except OSError as error:
        raise _unusable("BINANCE_PRIVATE_KEY_FILE", f"cannot be read: {error.strerror}") from None
    except (RuntimeError, ValueError):  # an unknown ~user, or a NUL
        raise _unusable("BINANCE_PRIVATE_KEY_FILE", "is not the path of a file") from None
    if pem is None:
        return None
    passphrase = settings.private_key_passphrase
    try:
        return private_key_signer(pem, passphrase.get_secret_value() if passphrase else None)
    except ValueError as error:
        raise _unusable(variable, str(error)) from None


def _private_key(settings: Settings) -> tuple[str, str | None]:
    """Return the variable that sets the private key, and the PEM if there is one."""
    if path := settings.private_key_file:
        return "BINANCE_PRIVATE_KEY_FILE", _read_private(path.expanduser())
    if key := settings.private_key:
        # Files of one-line values, such as .env, write the line ends as \\n.
        return "BINANCE_PRIVATE_KEY", key.get_secret_value().replace("\\n", "\n")
    return "BINANCE_PRIVATE_KEY", None


def _read_private(path: Path) -> str:
    pem, mode = read_file(path, _LARGEST_FILE)
    if os.name == "posix" and mode & _OTHERS:
        raise _unusable(
            "BINANCE_PRIVATE_KEY_FILE",
            f"other users may read it; run: chmod 600 {shlex.quote(str(path))}",
        )
    return pem.decode(errors="replace")


def _unusable(variable: str, message: str) -> SettingsError:
    return SettingsError([Problem(variable, message)])
