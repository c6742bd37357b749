"""The listen key and its states, as a small state machine. Pure: the time is passed in.

Times are seconds on a `SteadyClock`.
"""

import hmac
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final, Self

from pydantic import SecretStr

from binance_mcp.futures.binance_error import BinanceError
from binance_mcp.masking import mask

VALIDITY_SECONDS: Final = 3600.0
"""How long a listen key is valid after it was created or kept alive, in seconds.

https://developers.binance.com/docs/derivatives/usds-margined-futures/user-data-streams
"""
_ROTATIONS_KEPT: Final = 20
_ENDED_KEPT: Final = 20


class ListenKey(SecretStr):
    """The credential of an account's user data stream. It prints masked."""

    def _display(self) -> str:
        return mask(self.get_secret_value())

    def matches(self, other: str) -> bool:
        """Return whether `other` is this key, in constant time."""
        theirs = other.encode(errors="surrogatepass")  # JSON text may contain lone surrogates
        return hmac.compare_digest(self.get_secret_value().encode(), theirs)


class State(StrEnum):
    """The state of a listen key."""

    NONE = "none"
    """This server knows of no key; the account may have one that another program created."""
    ACTIVE = "active"
    EXPIRED = "expired"
    """It was not kept alive in time, or another program closed it."""
    CLOSED = "closed"
    """This server closed it."""


@dataclass(frozen=True)
class ActiveKey:
    """A listen key while it is active."""

    key: ListenKey
    created_at: float
    """When this server first asked for it."""
    extended_at: float
    """When Binance last confirmed it: by creating it, keeping it alive, or reporting its end."""
    expires_at: float

    @property
    def validity(self) -> float:
        """How long it is valid after it was created or kept alive, in seconds."""
        return self.expires_at - self.extended_at


@dataclass(frozen=True)
class Rotation:
    """A lost listen key, and the one that replaced it."""

    old: ListenKey
    new: ListenKey
    at: float
    """When this server learned of the new one."""
    missing_since: float
    """Since when events may be missing from the stream, until `at`."""


@dataclass(frozen=True)
class ListenKeyLife:
    """What is known about the account's listen key.

    NONE ── extended ──> ACTIVE ──── lost, or expired ─────> EXPIRED ── extended ──> ACTIVE
                         ACTIVE, EXPIRED ── closed ──> CLOSED ── extended ──> ACTIVE

    A close without an answer is settled by the next one: if the same key is extended, the close did
    not happen; if the key is gone, it did, and the key counts as closed, not as lost.
    """

    state: State = State.NONE
    last: ActiveKey | None = None
    """The active key; in the state EXPIRED, the lost one."""
    is_closing: bool = False
    """Whether a close was sent that has not been confirmed: it may have happened."""
    failures: int = 0
    """How many keepalives have failed in a row."""
    error: BinanceError | None = field(default=None, compare=False)
    """Why the last of them failed."""
    rotations: tuple[Rotation, ...] = ()
    """The last 20."""
    rotation_count: int = 0
    ended: tuple[ActiveKey, ...] = ()
    """The last 20 keys that were lost or closed, as Binance last confirmed them."""

    @property
    def active(self) -> ActiveKey | None:
        """The key, if it is active."""
        return self.last if self.state is State.ACTIVE else None

    @property
    def lost_since(self) -> float | None:
        """In the state EXPIRED: since when the key may have been inactive.

        That is its last extension: another program may have closed it at any time after that.
        """
        return self.last.extended_at if self.last and self.state is State.EXPIRED else None

    def confirmed_at(self, key: ListenKey) -> float | None:
        """Return when Binance last confirmed a key; None if it ended more keys ago than are kept.

        Until then, it was active.
        """
        known = (each.extended_at for each in (self.last, *self.ended) if each and each.key == key)
        return max(known, default=None)

    def extension(self, key: ListenKey, *, at: float, validity: float) -> ActiveKey:
        """Return `key` as created or kept alive by a request that was sent at `at`."""
        last = self.last
        created_at = last.created_at if last and last.key == key else at
        return ActiveKey(key, created_at, at, at + validity)

    def extended(self, active: ActiveKey, *, at: float) -> Self:
        """Return the life after Binance confirmed `active` at `at`.

        If it is not the key that was known before, that is a rotation.
        """
        after = replace(
            self, state=State.ACTIVE, last=active, is_closing=False, failures=0, error=None
        )
        if self.last is None or self.last.key == active.key:
            return after
        after = replace(after, ended=self._ended())
        if self.is_closing:
            return after
        rotation = Rotation(self.last.key, active.key, at, self.last.extended_at)
        return replace(
            after,
            rotations=(*self.rotations, rotation)[-_ROTATIONS_KEPT:],
            rotation_count=self.rotation_count + 1,
        )

    def lost(self, *, at: float | None = None) -> Self:
        """Return the life after Binance answered that there is no active key.

        `at` is when it was reported to have ended; otherwise that may be any time since its last
        confirmation.
        """
        if self.is_closing:
            return self.closed()
        if (active := self.active) is None:
            return self
        last = active if at is None else replace(active, extended_at=at)
        return replace(self, state=State.EXPIRED, last=last)

    def closing(self) -> Self:
        """Return the life after a close that was not confirmed."""
        return replace(self, is_closing=True)

    def failed(self, error: BinanceError) -> Self:
        """Return the life after a keepalive failed."""
        return replace(self, failures=self.failures + 1, error=error)

    def closed(self) -> Self:
        """Return the life after this server closed the key."""
        return replace(
            self,
            state=State.CLOSED,
            last=None,
            is_closing=False,
            failures=0,
            error=None,
            ended=self._ended(),
        )

    def _ended(self) -> tuple[ActiveKey, ...]:
        return (*self.ended, *([self.last] if self.last else []))[-_ENDED_KEPT:]

    def at(self, now: float) -> Self:
        """Return the life at `now`, when an active key may have expired."""
        active = self.active
        return self.lost() if active and now >= active.expires_at else self
