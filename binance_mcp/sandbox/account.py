"""An account of the sandbox for somebody who has none."""

from dataclasses import dataclass, field

from binance_mcp.futures.sandbox.app import Sandbox
from binance_mcp.futures.sandbox.exchange import new_key


@dataclass(frozen=True)
class Account:
    """The keys of an account."""

    api_key: str = field(repr=False)
    api_secret: str = field(repr=False)


def new_account(sandbox: Sandbox) -> Account:
    """Open an account with new keys, which look like Binance's."""
    account = Account(new_key(), new_key())
    sandbox.add_account(account.api_key, api_secret=account.api_secret)
    return account
