"""Events and gaps as data, for programs."""

from datetime import datetime
from math import ceil, floor
from typing import Any

from binance_mcp.futures.user_stream.gap import Gap, Repair
from binance_mcp.futures.user_stream.store import Entry
from binance_mcp.futures.user_stream.summary import summary
from binance_mcp.server.tools.results import ToolResult, date_if, date_of


class RepairedReport(ToolResult):
    """Where an event was read that the stream did not bring."""

    source: str
    asked_at: datetime


class RepairReport(ToolResult):
    """What was read from Binance about the time of a gap."""

    fills: int | None = None
    orders: int | None = None
    """Left out if Binance could not be asked."""
    problem: str | None = None


class EventReport(ToolResult):
    """An event."""

    sequence: int
    event_id: str
    type: str
    event_time: str | None = None
    transaction_time: str | None = None
    symbol: str | None = None
    summary: str
    repaired: RepairedReport | None = None
    data: dict[str, Any] | None = None


class GapReport(ToolResult):
    """A time in which events may be missing."""

    after_sequence: int
    since: datetime | None = None
    until: datetime | None = None
    reason: str
    repair: RepairReport | None = None


def event_report(entry: Entry, *, detail: bool) -> EventReport:
    """Return an event, with Binance's own object if `detail`."""
    event = entry.event
    return EventReport(
        sequence=entry.sequence,
        event_id=event.event_id,
        type=event.type,
        event_time=exchange_time(event.event_time),
        transaction_time=exchange_time(event.transaction_time),
        symbol=event.symbol,
        summary=summary(event),
        repaired=_repaired(entry),
        data=dict(event.data) if detail else None,
    )


def gap_report(gap: Gap) -> GapReport:
    """Return a gap, between whole seconds."""
    repair = gap.repair
    return GapReport(
        after_sequence=gap.after,
        since=date_if(gap.since and floor(gap.since)),
        until=date_if(gap.until and ceil(gap.until)),
        reason=gap.reason,
        repair=repair and _repair_report(repair),
    )


def _repair_report(repair: Repair) -> RepairReport:
    if repair.is_refused:
        return RepairReport(problem=repair.problem)
    return RepairReport(fills=repair.fills, orders=repair.orders, problem=repair.problem)


def _repaired(entry: Entry) -> RepairedReport | None:
    if entry.source is None:
        return None
    return RepairedReport(source=entry.source, asked_at=date_of(entry.received_at))


def exchange_time(at: int | None) -> str | None:
    """Return the date of one of Binance's times, which are in milliseconds."""
    if at is None:
        return None
    date = date_of(at // 1000)
    return f"{date:%Y-%m-%dT%H:%M:%S}.{at % 1000:03}Z"
