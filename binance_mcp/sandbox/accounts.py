"""The accounts, their listen keys, and the listeners of each key. Pure: the time is passed in.

https://developers.binance.com/docs/derivatives/usds-margined-futures/user-data-streams
"""

import re
import secrets
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from binance_mcp.sandbox.error_answers import (
    BAD_API_KEY_FORMAT,
    INVALID_LISTEN_KEY,
    REJECTED_API_KEY,
)
from binance_mcp.sandbox.event_log import EventLog
from binance_mcp.sandbox.http_messages import RefusedError
from binance_mcp.sandbox.moment import Moment
from binance_mcp.sandbox.restrictions import Restrictions
from binance_mcp.sandbox.signatures import Verifier

_API_KEY: Final = re.compile(r"[!-~]{1,256}")
_ALPHABET: Final = string.ascii_letters + string.digits
_KEY_LENGTH: Final = 64

Event = Mapping[str, object]


class Listener(Protocol):
    """A receiver of the events of a listen key."""

    def push(self, listen_key: str, event: Event) -> bool:
        """Accept an event without waiting; return whether it was wanted."""
        ...


def new_key() -> str:
    """Return a random key in the format of Binance's."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(_KEY_LENGTH))


@dataclass(eq=False)
class _ListenKey:
    value: str = field(repr=False)
    expires_at: float = 0.0
    listeners: dict[Listener, None] = field(default_factory=dict[Listener, None])


@dataclass(eq=False, repr=False)
class Account:
    """The account of an API key."""

    verify: Verifier
    number: int
    """Counts from 1, in the order of addition."""
    restrictions: Restrictions = field(default_factory=Restrictions)
    listen_key: _ListenKey | None = None


class Accounts:
    """Accounts and listen keys. Any call expires keys in time, and notifies their listeners.

    `log` gets every event; those of which `withholds_event` returns True, no listener gets.
    """

    def __init__(
        self,
        listen_key_seconds: float,
        log: EventLog | None = None,
        withholds_event: Callable[[], bool] = lambda: False,
    ) -> None:
        self._listen_key_seconds = listen_key_seconds
        self._log = log or EventLog()
        self._withholds_event = withholds_event
        self._by_api_key: dict[str, Account] = {}
        self._holders: dict[str, Account] = {}

    @property
    def all(self) -> tuple[Account, ...]:
        """Every account, in the order of addition."""
        return tuple(self._by_api_key.values())

    def add_account(
        self, api_key: str, verify: Verifier, restrictions: Restrictions | None = None
    ) -> None:
        """Add an account; `verify` checks its signatures. A known API key keeps its listen key.

        Raises:
            ValueError: It is not in the format of an API key.

        """
        if not _API_KEY.fullmatch(api_key):
            raise ValueError("apiKey: 1 to 256 visible ASCII characters are wanted")
        number = len(self._by_api_key) + 1
        account = self._by_api_key.setdefault(api_key, Account(verify, number))
        account.verify, account.restrictions = verify, restrictions or Restrictions()

    def account(self, api_key: str) -> Account:
        """Return the account of an API key.

        Raises:
            RefusedError: -2014 if it is missing or malformed, -2015 if it is unknown.

        """
        if not _API_KEY.fullmatch(api_key):
            raise RefusedError(BAD_API_KEY_FORMAT)
        if api_key not in self._by_api_key:
            raise RefusedError(REJECTED_API_KEY)
        return self._by_api_key[api_key]

    def find(self, api_key: str | None) -> Account:
        """Return the account of an API key; without one, the only account.

        Raises:
            ValueError: The account is unknown, or none is named and there is not exactly one.

        """
        if api_key is None:
            if len(self._by_api_key) != 1:
                raise ValueError(f"apiKey: needed, for there are {len(self._by_api_key)} accounts")
            return self.all[0]
        if api_key not in self._by_api_key:
            raise ValueError("apiKey: unknown; POST /sandbox/accounts adds an account")
        return self._by_api_key[api_key]

    def open(self, account: Account, now: Moment) -> str:
        """Return the account's listen key, extended; a new one if none is active."""
        return self._extended(self._active(account, now) or self._issue(account), now)

    def extend(self, account: Account, now: Moment) -> str:
        """Extend the account's listen key and return it.

        Raises:
            RefusedError: -1125, none is active.

        """
        return self._extended(self._required(account, now), now)

    def close(self, account: Account, now: Moment) -> None:
        """Close the account's listen key, and notify its listeners.

        Raises:
            RefusedError: -1125, none is active.

        """
        self._end(account, self._required(account, now), now)

    def expiry(self, listen_key: str, now: Moment) -> float | None:
        """Return when a listen key expires, on the steady clock; None if it is not active."""
        active = self._find(listen_key, now)
        return active and active.expires_at

    def listen(self, listen_key: str, listener: Listener, now: Moment) -> None:
        """Push the events of a listen key to `listener`; an inactive key never has any."""
        if active := self._find(listen_key, now):
            active.listeners[listener] = None

    def forget(self, listen_key: str, listener: Listener, now: Moment) -> None:
        """Stop pushing the events of a listen key to `listener`."""
        if active := self._find(listen_key, now):
            active.listeners.pop(listener, None)

    def has_listen_key(self, account: Account, now: Moment) -> bool:
        """Return whether the account's listen key is active."""
        return self._active(account, now) is not None

    def publish(
        self, account: Account, event: Event, now: Moment, *, withheld: bool = False
    ) -> int:
        """Push an event to all listeners of the account; return how many accepted it.

        One that is withheld is logged, and reaches none.
        """
        active = self._active(account, now)
        return self._push(account, None if withheld else active, event, now)

    def _find(self, listen_key: str, now: Moment) -> _ListenKey | None:
        holder = self._holders.get(listen_key)
        return holder and self._active(holder, now)

    def _active(self, account: Account, now: Moment) -> _ListenKey | None:
        listen_key = account.listen_key
        if listen_key and listen_key.expires_at <= now.steady:
            self._end(account, listen_key, now)
        return account.listen_key

    def _required(self, account: Account, now: Moment) -> _ListenKey:
        if active := self._active(account, now):
            return active
        raise RefusedError(INVALID_LISTEN_KEY)

    def _issue(self, account: Account) -> _ListenKey:
        value = new_key()
        account.listen_key = _ListenKey(value)
        self._holders[value] = account
        return account.listen_key

    def _extended(self, listen_key: _ListenKey, now: Moment) -> str:
        listen_key.expires_at = now.steady + self._listen_key_seconds
        return listen_key.value

    def _end(self, account: Account, listen_key: _ListenKey, now: Moment) -> None:
        account.listen_key = None
        del self._holders[listen_key.value]
        event = {"e": "listenKeyExpired", "E": now.milliseconds, "listenKey": listen_key.value}
        self._push(account, listen_key, event, now)

    def _push(
        self, account: Account, listen_key: _ListenKey | None, event: Event, now: Moment
    ) -> int:
        delivered = 0
        if listen_key and listen_key.listeners and not self._withholds_event():
            for listener in listen_key.listeners:
                delivered += listener.push(listen_key.value, event)
        self._log.add(event, account.number, delivered, now)
        return delivered
