"""The journal: the events that were received, in order, with a mark wherever some may be missing.

Reading takes nothing away: each reader has a cursor of its own. Times are seconds since the Unix
epoch.
"""

import secrets
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import reduce
from itertools import islice, takewhile
from typing import Final

import anyio

from binance_mcp.futures.user_stream.change import Change, change_of
from binance_mcp.futures.user_stream.cursor import Cursor
from binance_mcp.futures.user_stream.event import UserEvent
from binance_mcp.futures.user_stream.gap import Gap, GapReason, Repair
from binance_mcp.futures.user_stream.store import Entry, OpenOrders, Past, Store

_IDS_KEPT: Final = 20_000
"""Ids of events that are recognized when they arrive again. Connections overlap for seconds."""
_GAPS_KEPT: Final = 200


@dataclass(frozen=True, slots=True)
class Page:
    """What a reader gets, and where it is then."""

    entries: tuple[Entry, ...]
    gaps: tuple[Gap, ...]
    """Those that the reader has not been told of, and the present one."""
    next: Cursor
    has_more: bool
    is_truncated: bool
    """Whether events before `entries` are no longer held, or were never received."""


class Journal:
    """The last events: as many as the bounds allow, and at least one."""

    def __init__(
        self,
        *,
        most_events: int = 10_000,
        most_bytes: int = 8 * 1024 * 1024,
        past: Past | None = None,
        store: Store | None = None,
    ) -> None:
        past = past or Past(secrets.token_hex(4))
        self.id = past.journal
        self._lives = past.lives
        self._most_events, self._most_bytes = most_events, most_bytes
        self._entries = deque(past.entries)
        self._bytes = sum(entry.size for entry in past.entries)
        self._ids = OrderedDict.fromkeys(entry.event.event_id for entry in past.entries)
        self._changes: OrderedDict[Change, str | None] = OrderedDict()
        for entry in past.entries:
            if change := change_of(entry.event):
                self._changes[change] = entry.source
        self._gaps = deque(past.gaps)
        self._dropped = past.dropped
        self._store = store
        self.open_orders = past.open_orders
        """What was known to be open when that was kept last."""
        self.last = max([*past.lives, *(entry.sequence for entry in past.entries)], default=0)
        """The sequence number of the last event."""
        self.is_repaired = False
        """Whether gaps are repaired after they have ended."""
        self.compared_until: float | None = None
        """Up to when its fills and orders agree with Binance's lists; None if not compared."""
        self.version = 0
        """Changes with every event, gap, and end of one."""
        self._changed: anyio.Event | None = None
        self._keep_bounds()

    @property
    def count(self) -> int:
        """How many events are held."""
        return len(self._entries)

    @property
    def types(self) -> frozenset[str]:
        """The types of the events held."""
        return frozenset(entry.event.type for entry in self._entries)

    @property
    def gap_count(self) -> int:
        """How many gaps there have been."""
        return self._gaps[-1].number if self._gaps else 0

    @property
    def gap(self) -> Gap | None:
        """The present gap; None if nothing is being missed."""
        return self._gaps[-1] if self._gaps and self._gaps[-1].until is None else None

    @property
    def withheld(self) -> Gap | None:
        """The gaps of streams that were connected all the time, as one."""
        found = [gap for gap in self._gaps if gap.reason is GapReason.WITHHELD]
        return reduce(Gap.joined, found) if found else None

    @property
    def covered_since(self) -> float | None:
        """Since when there is no gap up to now; None in a gap."""
        return None if self.gap else max((gap.until or 0.0 for gap in self._gaps), default=None)

    @property
    def oldest(self) -> Cursor:
        """The position before everything."""
        return Cursor(self.id, len(self._lives), 0, 0)

    def newest(self, count: int) -> Cursor:
        """Return the position before the newest events."""
        return Cursor(self.id, len(self._lives), max(self.last - count, self.first - 1), 0)

    def has(self, event: UserEvent) -> bool:
        """Return whether an event is in the journal, or was lately."""
        return event.event_id in self._ids

    def has_change(self, change: Change) -> bool:
        """Return whether a change of the account is in the journal, or was lately."""
        return change in self._changes

    def recognizes_after(self, sequence: int) -> bool:
        """Return whether all that came after a sequence number would be recognized."""
        return self.last - sequence < _IDS_KEPT

    def append(self, event: UserEvent, *, size: int, at: float, source: str | None = None) -> bool:
        """Add an event; return False if it is there already.

        One that was read with `source` is the same as a received one that changes the same.
        """
        change = change_of(event)
        is_known = change in self._changes and (source or self._changes[change])
        if self.has(event) or is_known:
            return False
        self._ids[event.event_id] = None
        if change:
            self._changes[change] = source
        for recognized in (self._ids, self._changes):
            if len(recognized) > _IDS_KEPT:
                recognized.popitem(last=False)
        self.last += 1
        entry = Entry(self.last, at, size, event, source)
        self._entries.append(entry)
        self._bytes += size
        if self._store:
            self._store.write(entry)
        self._keep_bounds()
        self._tell()
        return True

    def begin_gap(self, since: float | None, reason: GapReason) -> None:
        """Mark that events may be missed from now on.

        Of several reasons the first is kept, and the earliest beginning.
        """
        if self.gap is not None:
            if (widened := self.gap.widened(since)) != self.gap:
                self._gaps[-1] = widened
                self._keep_gap()
            return
        self._gaps.append(Gap(self.gap_count + 1, self.last, since, None, reason))
        if len(self._gaps) > _GAPS_KEPT:
            first, second = self._gaps.popleft(), self._gaps.popleft()
            self._gaps.appendleft(first.joined(second))
            if self._store:
                self._store.join_gaps(first, self._gaps[0])
        self._keep_gap()

    def end_gap(self, until: float) -> None:
        """Mark that nothing is missed any more, if something was."""
        if self.gap is not None:
            self._gaps[-1] = self._gaps[-1].ended(until)
            self._keep_gap()

    def repairable(self) -> tuple[Gap, ...]:
        """Return the gaps about whose time Binance has not been asked."""
        return tuple(gap for gap in self._gaps if gap.is_repairable)

    def is_in_gap(self, at: float) -> bool:
        """Return whether a time is in a gap."""
        return any(gap.contains(at) for gap in self._gaps)

    def settle(self, number: int, repair: Repair) -> None:
        """Mark what was found about the time of a gap."""
        for place, gap in enumerate(self._gaps):
            if gap.number == number:
                self._gaps[place] = replace(gap, repair=repair)
                self._keep_gap(place)

    def keep_open(self, known: OpenOrders) -> None:
        """Keep what is known to be open, for the next process."""
        self.open_orders = known
        if self._store:
            self._store.write_open(known)

    def _keep_gap(self, place: int = -1) -> None:
        if self._store:
            self._store.write_gap(self._gaps[place])
        self._tell()

    def read(
        self, cursor: Cursor, *, is_wanted: Callable[[Entry], bool], most: int, most_bytes: int
    ) -> Page:
        """Return the wanted events after `cursor`: at most so many, and so many bytes, but one."""
        after, gaps = self._place(cursor)
        chosen: list[Entry] = []
        size, reached, has_more = 0, max(after, self.first - 1), False
        for entry in self.after(after):
            if is_wanted(entry):
                size += entry.size
                if chosen and (len(chosen) == most or size > most_bytes):
                    has_more = True
                    break
                chosen.append(entry)
            reached = entry.sequence
        told = [gap for gap in self._gaps if gap.number > gaps and gap.after <= reached]
        final = takewhile(self._is_final, told)
        missed = self._missed(cursor, after)
        return Page(
            entries=tuple(chosen),
            gaps=(*missed, *told),
            next=Cursor(
                self.id, len(self._lives), reached, max((gap.number for gap in final), default=gaps)
            ),
            has_more=has_more,
            is_truncated=bool(missed),
        )

    async def kept(self) -> None:
        """Wait until what is in the journal outlives the process, if it is to.

        What is told before that may be lost, and its sequence number be given to another event.
        """
        if self._store:
            await self._store.kept()

    async def changes(self) -> None:
        """Wait until an event or a gap is added, or a gap ends."""
        self._changed = self._changed or anyio.Event()
        await self._changed.wait()

    @property
    def first(self) -> int:
        """The sequence number of the oldest event held, or that of the next one."""
        return self._entries[0].sequence if self._entries else self.last + 1

    def _is_final(self, gap: Gap) -> bool:
        """Return whether no more will be known of a gap than now."""
        return gap.until is not None and not (self.is_repaired and gap.is_repairable)

    def _place(self, cursor: Cursor) -> tuple[int, int]:
        """Return the sequence number and the gap after which a cursor is, in this journal."""
        if cursor.journal != self.id or cursor.life > len(self._lives):
            return 0, 0
        kept = self._lives[cursor.life] if cursor.life < len(self._lives) else self.last
        return min(cursor.sequence, kept), min(cursor.gap, self.gap_count)

    def _missed(self, cursor: Cursor, after: int) -> Iterator[Gap] | tuple[Gap, ...]:
        """Return the gap between a cursor and the oldest event held."""
        if cursor.journal != self.id or cursor.life > len(self._lives):
            until = self._entries[0].received_at if self._entries else None
            return (Gap(0, 0, None, until, GapReason.OTHER_JOURNAL),)
        if self._dropped is not None and after < self.first - 1:
            return (self._dropped,)
        return ()

    def after(self, sequence: int) -> Iterator[Entry]:
        """Return the events that are held after a sequence number."""
        return islice(self._entries, max(sequence - self.first + 1, 0), None)

    def _is_too_large(self) -> bool:
        return len(self._entries) > self._most_events or self._bytes > self._most_bytes

    def _keep_bounds(self) -> None:
        while self._is_too_large() and len(self._entries) > 1:
            self._drop()

    def _drop(self) -> None:
        entry = self._entries.popleft()
        self._bytes -= entry.size
        since = self._dropped.since if self._dropped else entry.received_at
        self._dropped = Gap(0, 0, since, entry.received_at, GapReason.OVERFLOW)
        if self._store:
            self._store.drop(entry.sequence, self._dropped)

    def _tell(self) -> None:
        self.version += 1
        if self._changed:  # there is one only if it is waited for, because making it is slow
            self._changed.set()
            self._changed = None
