"""Repairing gaps of the journal as soon as they have ended, and finding what was withheld."""

import json
import logging
import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

import anyio

from binance_mcp.clock import WallClock
from binance_mcp.futures.account_reads import AccountReads
from binance_mcp.futures.binance_error import (
    BinanceError,
    InvalidTimestampError,
    TooManyRequestsError,
    UnreadableAnswerError,
)
from binance_mcp.futures.repair.inquiry import FoundEvent, Inquiry
from binance_mcp.futures.repair.known_orders import KnownOrders
from binance_mcp.futures.user_stream.change import change_of, is_fill
from binance_mcp.futures.user_stream.gap import Gap, GapReason, Repair
from binance_mcp.futures.user_stream.journal import Journal

logger = logging.getLogger(__name__)

_GATHER_SECONDS: Final = 0.2
_MARGIN_SECONDS: Final = 0.5
"""By how much the clocks may differ from what is known of them."""
_TOGETHER_SECONDS: Final = 3600.0
"""Gaps that are no farther apart are asked about together."""
_FIRST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 300.0
_REFUSED_SECONDS: Final = 3600.0
"""After how long Binance is asked again, although it refused to be asked."""
_SETTLED_SECONDS: Final = 60.0
"""How long ago something must have happened to be missed."""


@dataclass(eq=False, repr=False)
class JournalRepair:
    """Puts into the journal what the stream did not bring, while `run` runs."""

    reads: AccountReads
    journal: Journal
    wall_clock: WallClock
    compare_seconds: float = 3600.0
    """How often the journal is compared with Binance's lists; 0: never."""
    known: KnownOrders = field(default_factory=KnownOrders, init=False)
    _applied: int = field(default=0, init=False)
    """The sequence number of the last event that `known` has."""
    _pause: float = field(default=_FIRST_PAUSE, init=False)
    _compared_until: float = field(init=False)
    _suspects: set[str] = field(default_factory=set[str], init=False)
    """Symbols with fills that are in no gap that has been repaired."""
    _compared_sequence: int = field(default=0, init=False)
    _is_doubtful: bool = field(default=False, init=False)
    """Whether something may be open in a symbol without anything that is known to be open."""
    _refused_until: float | None = field(default=None, init=False)
    """When to ask again, if Binance refused to be asked when it was asked last."""

    def __post_init__(self) -> None:
        self._compared_until, past = self.wall_clock(), self.journal.open_orders
        if past and past.after >= self.journal.first - 1:
            self._apply(until=past.after)
            self.known.restore(past)
            self._compared_until, self._compared_sequence = past.compared_until, past.after

    async def run(self) -> None:
        """Repair what can be, and never return."""
        self.journal.is_repaired = True
        while True:
            try:
                await self._work()
            except BinanceError as error:
                if self._is_passing(error):
                    await self._wait(error)
                else:
                    self._give_up(error)

    def _is_passing(self, error: BinanceError) -> bool:
        """Return whether it may be different the next time."""
        if isinstance(error, UnreadableAnswerError | InvalidTimestampError):
            return self._pause < _LONGEST_PAUSE
        return error.is_retryable or isinstance(error, TooManyRequestsError)

    async def _work(self) -> None:
        """Do what is to be done; if that is nothing, wait for it."""
        if gaps := self._next_gaps():
            await self._repair(gaps)
        elif (pause := self._until_next()) > 0:
            with anyio.move_on_after(pause):
                await self.journal.changes()
                await anyio.sleep(_GATHER_SECONDS)
        elif self.known.is_complete:
            await self._compare()
        else:
            await self._list_open()
        self._pause = _FIRST_PAUSE

    async def _wait(self, error: BinanceError) -> None:
        pause = max(self._pause, error.retry_after or 0.0)
        logger.info("the account could not be read: %s; trying again in %.0f s", error, pause)
        self._pause = min(2 * self._pause, _LONGEST_PAUSE)
        await anyio.sleep(pause)

    def _give_up(self, error: BinanceError) -> None:
        """Mark every gap as one that cannot be repaired, because Binance refuses to be asked."""
        if self._refused_until is None:
            logger.warning("the account cannot be read: %s; gaps are not repaired", error)
        for gap in self.journal.repairable():
            refused = Repair(self.wall_clock(), problem=str(error), is_refused=True)
            self.journal.settle(gap.number, refused)
        self._is_doubtful = True
        self._refused_until, self._pause = self.wall_clock() + _REFUSED_SECONDS, _FIRST_PAUSE

    def _next_gaps(self) -> Sequence[Gap]:
        """Return the first gaps to be repaired that lie close to one another."""
        found: list[Gap] = []
        for gap in self.journal.repairable():
            if found and not self._is_close(found[0], found[-1], gap):
                break
            found.append(gap)
        return found

    def _is_close(self, first: Gap, last: Gap, gap: Gap) -> bool:
        """Return whether a gap may be asked about together with earlier ones."""
        is_near = (gap.since or 0.0) - (last.until or 0.0) <= _TOGETHER_SECONDS
        return is_near and self.journal.recognizes_after(first.after)

    async def _repair(self, gaps: Sequence[Gap]) -> None:
        self._apply(until=gaps[0].after)
        inquiry = self._inquiry(min(gap.since or 0.0 for gap in gaps), gaps[-1].until or 0.0)
        found = await inquiry.answer()
        since = (gaps[0].since or 0.0) - _MARGIN_SECONDS
        earlier = [each for each in found if self._at(each) < since and self._is_missing(each)]
        if self.journal.gap is None:
            self._mark_withheld(earlier)
        added = self._add(found)
        self._suspects |= inquiry.touched()
        for gap in gaps:
            last = gap is gaps[-1]
            mine = [each for each in added if last or self._at(each) <= (gap.until or 0.0)]
            added = [each for each in added if each not in mine]
            self._settle(gap, mine, inquiry.problem)
        self._take_over(inquiry)

    def _settle(self, gap: Gap, found: Sequence[FoundEvent], problem: str | None) -> None:
        changes = [change_of(each.event) for each in found]
        fills = sum(change is not None and is_fill(change) for change in changes)
        repair = Repair(self.wall_clock(), fills, len(found) - fills, problem)
        self.journal.settle(gap.number, repair)

    async def _list_open(self) -> None:
        """Learn which orders are open, so that the end of each can be found later."""
        orders, stops = await self.reads.open_orders(), await self.reads.open_stops()
        self._refused_until = None
        if self._is_followed():
            self.known.take_over(orders, stops, math.inf)
            self._keep_known()

    def _take_over(self, inquiry: Inquiry) -> None:
        """Continue with what is open, unless something may have been missed meanwhile."""
        self._refused_until = None
        self._is_doubtful = bool(inquiry.doubts) and not inquiry.all_orders
        inquiry.take_over()
        if self._is_followed():
            self._keep_known()

    def _is_followed(self) -> bool:
        """Return whether nothing was missed that is yet to be asked about."""
        return self.journal.gap is None and not self.journal.repairable()

    def _keep_known(self) -> None:
        """Know all that is open, now and in the next process."""
        self.known.is_complete = True
        self._apply()
        self.journal.keep_open(self.known.as_of(self._applied, self._compared_until))

    def _inquiry(
        self, since: float, until: float, active: Collection[str] | None = None
    ) -> Inquiry:
        offset = self.reads.rest_api.clock_offset or 0.0
        span = since + offset - _MARGIN_SECONDS, until + offset + _MARGIN_SECONDS
        is_certain = self.known.is_complete and not self._is_doubtful
        return Inquiry(
            self.reads,
            *span,
            self.known,
            frozenset(active or ()),
            all_orders=not is_certain,
            all_stops=not is_certain or active is None,
            known_at=self._compared_until,
        )

    def _at(self, found: FoundEvent) -> float:
        offset = self.reads.rest_api.clock_offset or 0.0
        return (found.event.event_time or 0) / 1000 - offset

    def _add(self, found: Iterable[FoundEvent]) -> list[FoundEvent]:
        """Put what is not in the journal into it; return that."""
        added: list[FoundEvent] = []
        for each in found:
            size = len(json.dumps(each.event.data))
            at = self.wall_clock()
            if self.journal.append(each.event, size=size, at=at, source=each.source):
                added.append(each)
                self.known.apply(each.event)
        return added

    def _apply(self, *, until: float = math.inf) -> None:
        """Let `known` have what is in the journal."""
        if self._applied < self.journal.first - 1:
            self.known.clear()  # more has come than the journal holds
        for entry in self.journal.after(self._applied):
            if entry.sequence > until:
                break
            self._applied = entry.sequence
            self.known.apply(entry.event)

    def _until_next(self) -> float:
        """Return the seconds until the account is asked without a gap."""
        if self.journal.gap is not None:
            return math.inf
        next_at = self._refused_until or 0.0
        if self.known.is_complete:
            compared = self._compared_until + (self.compare_seconds or math.inf)
            next_at = max(next_at, compared)
        return next_at - self.wall_clock()

    async def _compare(self) -> None:
        """Look for what the stream withheld although it was connected."""
        since, until = self._compared_until, self.wall_clock() - _SETTLED_SECONDS
        known, self._compared_sequence = self._compared_sequence, self.journal.last
        self._apply()
        if not self.journal.recognizes_after(known):
            logger.info("too many events to compare them with Binance's lists")
            self._compared_until, self._is_doubtful = until, True
            return
        inquiry = self._inquiry(since, until, active=self._active_since(since) | self._suspects)
        missing = [each for each in await inquiry.answer() if self._is_missing(each)]
        if not self._is_followed():
            return  # it is repaired first
        self._compared_until, self._suspects = until, set()
        if not inquiry.doubts:
            self.journal.compared_until = until
        span = (since, self.wall_clock()) if inquiry.lost else None
        self._mark_withheld(missing, inquiry.problem, span)
        self._take_over(inquiry)

    def _mark_withheld(
        self,
        missing: Sequence[FoundEvent],
        problem: str | None = None,
        span: tuple[float, float] | None = None,
    ) -> None:
        """Add what a connected stream did not bring; there is no other gap now."""
        withheld = [each for each in missing if not self.journal.is_in_gap(self._at(each))]
        times = [*(span or ()), *(self._at(each) for each in withheld)]
        if times:
            self.journal.begin_gap(min(times), GapReason.WITHHELD)
            self.journal.end_gap(max(times))
            gap = self.journal.repairable()[-1]
            added = self._add(withheld)
            self._settle(gap, added, problem)
            logger.warning("the user data stream withheld %d changes or more", len(added))
        self._add(missing)

    def _active_since(self, since: float) -> set[str]:
        """Return the symbols of the events that have been received since a time."""
        entries = self.journal.after(self.journal.first - 1)
        recent = (entry.event.symbol for entry in entries if entry.received_at >= since)
        return {symbol for symbol in recent if symbol}

    def _is_missing(self, found: FoundEvent) -> bool:
        change = change_of(found.event)
        return change is not None and not self.journal.has_change(change)
