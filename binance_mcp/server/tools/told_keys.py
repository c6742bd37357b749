"""Which listen key each client was last told, so that each is told of a rotation once."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from binance_mcp.connection import Connection
from binance_mcp.futures.listen_key import ActiveKey, ListenKey, ListenKeyLife
from binance_mcp.server.identity import Client

_MOST_CLIENTS: Final = 10_000
"""Ten times as many sessions as can be open at once. The least recent client is forgotten."""


@dataclass(frozen=True)
class Replacement:
    """The key that a client was told before, and the account's key now."""

    old: ListenKey
    new: ListenKey
    missing_since: float
    """Since when events of the old key may be missing."""


class ToldKeys:
    """Remembers the key that each client was told last.

    Without sessions, a client whose connection is new may be one that has reconnected. If one
    connection of that name has ended, it counts as that one's successor. If several have, they
    cannot be told apart: for an hour after a rotation it is told to each new connection, because a
    client that is told twice can go on, and one that is not told cannot.
    """

    def __init__(self) -> None:
        self._told: OrderedDict[Client, ActiveKey] = OrderedDict()

    def tell(
        self,
        client: Client,
        active: ActiveKey,
        life: ListenKeyLife,
        before: ActiveKey | None,
        now: float,
    ) -> Replacement | None:
        """Record that a result tells the client of `active`; return what it must report.

        `life` has the keys that have ended. `before` is the key that this server knew before the
        call: it counts as told to a client that was not told any.
        """
        told = self._last_told(client, active, now) or before
        self._told[client] = active
        self._told.move_to_end(client)
        if len(self._told) > _MOST_CLIENTS:
            self._told.popitem(last=False)
        if told is None or told.key == active.key:
            return None
        return Replacement(told.key, active.key, _missing_since(told, life))

    def forget(self, client: Client) -> None:
        """Record that the client knows of no key, because it closed the account's."""
        self._told.pop(client, None)

    def _last_told(self, client: Client, active: ActiveKey, now: float) -> ActiveKey | None:
        if client in self._told or not isinstance(client.via, Connection):
            return self._told.get(client)
        same = [each for each in self._told if _may_be_one(each, client)]
        gone = [each for each in same if isinstance(each.via, Connection) and not each.via.is_open]
        if not same:
            return None
        outdated = min(gone or same, key=lambda each: self._told[each].extended_at)
        told = self._told[outdated]
        is_recent = now - active.created_at < active.validity
        if gone and not (len(gone) > 1 and told.key != active.key and is_recent):
            del self._told[outdated]
        return told


def _may_be_one(one: Client, other: Client) -> bool:
    is_connection = isinstance(one.via, Connection)
    return is_connection and (one.principal, one.name) == (other.principal, other.name)


def _missing_since(told: ActiveKey, life: ListenKeyLife) -> float:
    """Return when Binance had last confirmed a key that was replaced."""
    confirmed_at = life.confirmed_at(told.key)
    return told.extended_at if confirmed_at is None else confirmed_at
