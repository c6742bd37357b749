"""The listen key and its life, as a small state machine. Pure: the time is passed in."""

import hmac
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, Self

from pydantic import SecretStr

from binance_mcp.masking import mask

VALIDITY_SECONDS: Final = 3600.0
"""How long a listen key lives after it was created or kept alive.

https://developers.binance.com/docs/derivatives/usds-margined-futures/user-data-streams
"""


class ListenKey(SecretStr):
    """The credential of an account's user data stream. It prints masked."""

    def _display(self) -> str:
        return mask(self.get_secret_value())

    def matches(self, other: str) -> bool:
        """Return whether `other` is this key, in a time that does not tell how much of it is."""
        return hmac.compare_digest(self.get_secret_value().encode(), other.encode())


class State(StrEnum):
    """Where a listen key is in its life."""

    NONE = "none"
    """This server knows of none; the account may have one that another program made."""
    ACTIVE = "active"
    EXPIRED = "expired"
    CLOSED = "closed"


@dataclass(frozen=True)
class ActiveKey:
    """A listen key, and when it expires."""

    key: ListenKey
    expires_at: float
    """Seconds on the clock that the life is asked by."""


@dataclass(frozen=True)
class ListenKeyLife:
    """What is known of the account's one listen key.

    NONE ── extended ──> ACTIVE ── 60 minutes, or lost ──> EXPIRED ── extended ──> ACTIVE
                         ACTIVE ── closed ──> CLOSED ── extended ──> ACTIVE
    """

    state: State = State.NONE
    active: ActiveKey | None = None
    """The key, in the state ACTIVE only."""

    def extended(self, active: ActiveKey) -> Self:
        """Return the life after Binance created the key or kept it alive."""
        return replace(self, state=State.ACTIVE, active=active)

    def lost(self) -> Self:
        """Return the life after Binance said that there is no active key."""
        return replace(self, state=State.EXPIRED, active=None) if self.active else self

    def closed(self) -> Self:
        """Return the life after the key was closed."""
        return replace(self, state=State.CLOSED, active=None)

    def at(self, now: float) -> Self:
        """Return the life at `now`: an active key's time may be over."""
        return self.lost() if self.active and now >= self.active.expires_at else self
