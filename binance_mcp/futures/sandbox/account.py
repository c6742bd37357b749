"""An account of the sandbox for somebody who has none."""

import secrets
import string
from dataclasses import dataclass, field
from typing import Final

from binance_mcp.futures.sandbox.app import Sandbox

_ALPHABET: Final = string.ascii_letters + string.digits
_LENGTH: Final = 64


@dataclass(frozen=True)
class Account:
    """The keys of an account."""

    api_key: str = field(repr=False)
    api_secret: str = field(repr=False)


def new_account(sandbox: Sandbox) -> Account:
    """Open an account with new keys, which look like Binance's."""
    account = Account(_key(), _key())
    sandbox.add_account(account.api_key, api_secret=account.api_secret)
    return account


def _key() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
