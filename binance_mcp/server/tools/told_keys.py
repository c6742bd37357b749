"""Which listen key each session was last told, so that each is told of a rotation once."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from binance_mcp.futures.listen_key import ActiveKey, ListenKey, ListenKeyLife
from binance_mcp.policy.call import Caller

_MOST_SESSIONS: Final = 10_000
"""Ten times as many as can be open at once. The least recent one is forgotten for a new one."""


@dataclass(frozen=True)
class Replacement:
    """The key that a session was told before, and the account's key now."""

    old: ListenKey
    new: ListenKey
    missing_since: float
    """Since when events of the old key may be missing."""


class ToldKeys:
    """Remembers the key that each session was told last; without sessions, each principal."""

    def __init__(self) -> None:
        self._told: OrderedDict[str, ActiveKey] = OrderedDict()

    def tell(
        self, caller: Caller, active: ActiveKey, life: ListenKeyLife, before: ActiveKey | None
    ) -> Replacement | None:
        """Record that a result tells the caller of `active`; return the replacement it must report.

        `life` has the rotations so far. `before` is the key that this server knew before the call:
        it counts as told to a session that was not told any.
        """
        told = self._told.get(caller.session, before)
        self._told[caller.session] = active
        self._told.move_to_end(caller.session)
        if len(self._told) > _MOST_SESSIONS:
            self._told.popitem(last=False)
        if told is None or told.key == active.key:
            return None
        return Replacement(told.key, active.key, _missing_since(told, life))

    def forget(self, caller: Caller) -> None:
        """Record that the caller knows of no key, because it closed the account's."""
        self._told.pop(caller.session, None)


def _missing_since(told: ActiveKey, life: ListenKeyLife) -> float:
    """Return since when events of a replaced key may be missing.

    Without a rotation that is known, that is when Binance had last confirmed the key that was told.
    """
    lost = (each.missing_since for each in life.rotations if each.old == told.key)
    return next(lost, told.extended_at)  # closed, or replaced more rotations ago than are kept
