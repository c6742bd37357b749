"""The listen key and its life, as a small state machine. Pure: the time is passed in.

Times are seconds on one steady clock.
"""

import hmac
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final, Self

from pydantic import SecretStr

from binance_mcp.errors import BinanceError
from binance_mcp.masking import mask

VALIDITY_SECONDS: Final = 3600.0
"""How long a listen key lives after it was created or kept alive.

https://developers.binance.com/docs/derivatives/usds-margined-futures/user-data-streams
"""
_ROTATIONS_KEPT: Final = 20


class ListenKey(SecretStr):
    """The credential of an account's user data stream. It prints masked."""

    def _display(self) -> str:
        return mask(self.get_secret_value())

    def matches(self, other: str) -> bool:
        """Return whether `other` is this key, in a time that does not tell how much of it is."""
        theirs = other.encode(errors="surrogatepass")  # JSON can bring halves of characters
        return hmac.compare_digest(self.get_secret_value().encode(), theirs)


class State(StrEnum):
    """Where a listen key is in its life."""

    NONE = "none"
    """This server knows of none; the account may have one that another program made."""
    ACTIVE = "active"
    EXPIRED = "expired"
    """It was lost: not kept alive in time, or ended by another program."""
    CLOSED = "closed"
    """This server closed it."""


@dataclass(frozen=True)
class ActiveKey:
    """A listen key while it is active."""

    key: ListenKey
    created_at: float
    """When this server first heard of it."""
    extended_at: float
    """When it was last created or kept alive."""
    expires_at: float

    @property
    def validity(self) -> float:
        """How long it lives after it was created or kept alive."""
        return self.expires_at - self.extended_at


@dataclass(frozen=True)
class Rotation:
    """A listen key that was lost, and the one in its place."""

    old: ListenKey
    new: ListenKey
    at: float
    """When this server heard of the new one."""
    missing_since: float
    """Since when events may be missing from the stream, until `at`."""


@dataclass(frozen=True)
class ListenKeyLife:
    """What is known of the account's one listen key.

    NONE ── extended ──> ACTIVE ── lost, or its time is over ──> EXPIRED ── extended ──> ACTIVE
                         ACTIVE, EXPIRED ── closed ──> CLOSED ── extended ──> ACTIVE

    A close that nobody heard the end of is settled by what is heard next: if the same key is
    extended, it did not happen; if the key is gone, it did, and the key is not lost but closed.
    """

    state: State = State.NONE
    last: ActiveKey | None = None
    """The key that is active, or in the state EXPIRED, the one that was."""
    is_closing: bool = False
    """Whether a close was sent, and nobody heard that it happened. It may have."""
    failures: int = 0
    """How many keepalives have failed since one succeeded."""
    error: BinanceError | None = field(default=None, compare=False)
    """What the last of them failed with."""
    rotations: tuple[Rotation, ...] = ()
    """The last 20."""
    rotation_count: int = 0

    @property
    def active(self) -> ActiveKey | None:
        """The key, if it is active."""
        return self.last if self.state is State.ACTIVE else None

    @property
    def lost_since(self) -> float | None:
        """In the state EXPIRED: since when the key may have been inactive.

        That is since its last extension: until its time was over, another program may have ended
        it.
        """
        return self.last.extended_at if self.last and self.state is State.EXPIRED else None

    def extension(self, key: ListenKey, *, at: float, validity: float) -> ActiveKey:
        """Return `key` as it is after Binance created it or kept it alive, asked at `at`."""
        last = self.last
        created_at = last.created_at if last and last.key == key else at
        return ActiveKey(key, created_at, at, at + validity)

    def extended(self, active: ActiveKey, *, at: float) -> Self:
        """Return the life with its key extended, as Binance said at `at`.

        Another key than the last is a rotation.
        """
        after = replace(
            self, state=State.ACTIVE, last=active, is_closing=False, failures=0, error=None
        )
        if self.last is None or self.last.key == active.key or self.is_closing:
            return after
        rotation = Rotation(self.last.key, active.key, at, self.last.extended_at)
        return replace(
            after,
            rotations=(*self.rotations, rotation)[-_ROTATIONS_KEPT:],
            rotation_count=self.rotation_count + 1,
        )

    def lost(self) -> Self:
        """Return the life after Binance said that there is no active key."""
        if self.is_closing:
            return self.closed()
        return replace(self, state=State.EXPIRED) if self.active else self

    def closing(self) -> Self:
        """Return the life after a close that was not confirmed."""
        return replace(self, is_closing=True)

    def failed(self, error: BinanceError) -> Self:
        """Return the life after a keepalive failed."""
        return replace(self, failures=self.failures + 1, error=error)

    def closed(self) -> Self:
        """Return the life after this server closed the key."""
        return replace(
            self, state=State.CLOSED, last=None, is_closing=False, failures=0, error=None
        )

    def at(self, now: float) -> Self:
        """Return the life at `now`: an active key's time may be over."""
        active = self.active
        return self.lost() if active and now >= active.expires_at else self
