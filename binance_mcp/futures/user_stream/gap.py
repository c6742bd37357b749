"""A span of time in which events may have been missed, and why.

Times are seconds since the Unix epoch: they are shown, and kept beyond the process.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self


class GapReason(StrEnum):
    """Why events may have been missed."""

    START = "start"
    """Nothing was received before the first connection."""
    NO_KEY = "no_key"
    """There was no active listen key: none was created, or it was closed."""
    DISCONNECTED = "disconnected"
    DEAF = "deaf"
    """The connection was open, but brought neither events nor pings."""
    ROTATION = "rotation"
    """The listen key was lost, and replaced."""
    ROUTE = "route"
    """The connection was open, but this form of the URL brought no events."""
    UNREADABLE = "unreadable"
    """Something arrived that is not an event that can be read."""
    OVERFLOW = "overflow"
    """Events were received, but are no longer held: there were too many."""
    WITHHELD = "withheld"
    """The connection was open and brought other events, but not all."""
    SUSPENDED = "suspended"
    """The machine was suspended."""
    RESTART = "restart"
    """This server was not running."""
    OTHER_JOURNAL = "other_journal"
    """The reader's cursor is of a journal that ended with its process, or of another server."""


@dataclass(frozen=True, slots=True)
class Repair:
    """What was read from Binance about the time of a gap."""

    at: float
    """When it was asked."""
    fills: int = 0
    orders: int = 0
    """How many changes of orders and stops were found."""
    problem: str | None = None
    """Why Binance could not be asked, or what may be missing all the same."""
    is_refused: bool = False
    """Whether Binance could not be asked."""

    def joined(self, later: Self) -> Self:
        """Return the repairs of two gaps as one."""
        problems = dict.fromkeys(each.problem for each in (self, later) if each.problem)
        return replace(
            later,
            fills=self.fills + later.fills,
            orders=self.orders + later.orders,
            problem="; ".join(problems) or None,
            is_refused=self.is_refused and later.is_refused,
        )


@dataclass(frozen=True, slots=True)
class Gap:
    """A span in which events may have been missed."""

    number: int
    """Counted from 1 in the order in which gaps began."""
    after: int
    """The sequence number of the last event before it."""
    since: float | None
    """None: since ever."""
    until: float | None
    """None: it has not ended."""
    reason: GapReason
    repair: Repair | None = None

    @property
    def is_repairable(self) -> bool:
        """Whether Binance can be asked about its time, and has not been."""
        return self.since is not None and self.until is not None and self.repair is None

    def contains(self, at: float) -> bool:
        """Return whether a time is in it."""
        is_after = self.since is None or self.since <= at
        return is_after and (self.until is None or at <= self.until)

    def ended(self, until: float) -> Self:
        """Return the gap with its end, which is not before its beginning."""
        return replace(self, until=until if self.since is None else max(until, self.since))

    def widened(self, since: float | None) -> Self:
        """Return the gap from an earlier beginning, if this is one."""
        if self.since is None or (since is not None and since >= self.since):
            return self
        return replace(self, since=since)

    def joined(self, later: Self) -> Self:
        """Return one gap from the beginning of this one to the end of a later one."""
        repair = self.repair.joined(later.repair) if self.repair and later.repair else None
        return replace(later, since=self.since, after=self.after, repair=repair)
