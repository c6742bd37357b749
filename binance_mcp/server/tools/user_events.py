"""The tool that reads the account's events, and waits for the next."""

import difflib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import datetime
from math import ceil, floor
from typing import Annotated, Final

import anyio
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.tools import Tool
from mcp.types import CallToolResult
from pydantic import Field

from binance_mcp.errors import InvalidArgumentsError
from binance_mcp.futures.account import Account
from binance_mcp.futures.environment import EVENT_TYPES
from binance_mcp.futures.user_stream.cursor import Cursor
from binance_mcp.futures.user_stream.gap import Gap
from binance_mcp.futures.user_stream.journal import Journal, Page
from binance_mcp.futures.user_stream.status import StreamState, StreamStatus
from binance_mcp.futures.user_stream.stream import UserStream
from binance_mcp.futures.user_stream.wanted import Wanted
from binance_mcp.server.identity import client_of
from binance_mcp.server.tools.event_report import (
    EventReport,
    GapReport,
    event_report,
    gap_report,
)
from binance_mcp.server.tools.results import ToolResult, date_if, succeeded
from binance_mcp.server.tools.stream_sentences import (
    checked_sentence,
    gap_sentence,
    stream_sentence,
)
from binance_mcp.server.tools.tool import READS, make_tool

USER_EVENTS_TOOL: Final = "BinanceFuturesReadUserEvents"

_READ: Final = (
    "Read the account's events (order fills, balance and position changes, margin calls) in order, "
    "and wait for the next. Says what it covers: `gaps` are times in which events may be missing; "
    "the stream had no break from `coveredSince` to `coveredUntil`. Continue with nextCursor as "
    "cursor."
)
_PROGRESS_SECONDS: Final = 10.0
_MOST_SESSIONS: Final = 10_000
_MOST_GAPS: Final = 20
_NEWEST: Final = 50
_MOST_BYTES: Final = 400_000
_MOST_BYTES_IN_DETAIL: Final = 24_000
"""Of events as Binance sent them. Hosts warn at some 40 kB of a result, and cut later."""

CursorText = Annotated[
    str | None,
    Field(
        description='nextCursor of an earlier result, or "oldest". Default: after what you read.'
    ),
]
Wait = Annotated[float, Field(ge=0, le=55, description="Seconds to wait for an event.")]
Types = Annotated[list[str] | None, Field(description="E.g. ORDER_TRADE_UPDATE. Default: all.")]
Symbol = Annotated[str | None, Field(description="E.g. BTCUSDT.")]
Age = Annotated[float | None, Field(gt=0, description="Only events received so lately.")]
Most = Annotated[int, Field(ge=1, le=500, strict=True)]
Detail = Annotated[bool, Field(strict=True, description="Add Binance's own objects.")]


class UserEvents(ToolResult):
    """The events that were read, and what they cover."""

    environment: str
    events: list[EventReport]
    next_cursor: str
    has_more: bool
    truncated: bool
    gaps: list[GapReport]
    covered_since: datetime | None = None
    covered_until: datetime | None = None
    stream: str


class UserEventsTool:
    """The function behind the tool, and what each session has read."""

    def __init__(self) -> None:
        self._read: OrderedDict[str, Cursor] = OrderedDict()

    async def read_user_events(  # noqa: PLR0913, PLR0917  # the arguments of the tool
        self,
        context: Context[Account],
        cursor: CursorText = None,
        waitSeconds: Wait = 0,
        eventTypes: Types = None,
        symbol: Symbol = None,
        maxAgeSeconds: Age = None,
        maxEvents: Most = 50,
        detail: Detail = False,  # noqa: FBT002  # an argument of the tool has a name
    ) -> Annotated[CallToolResult, UserEvents]:
        """Return the events after a cursor; if there are none, wait for the next."""
        account = context.request_context.lifespan_context
        stream = account.stream
        since = None if maxAgeSeconds is None else account.wall_clock() - maxAgeSeconds
        types = _known(eventTypes, stream.journal) if eventTypes else None
        wanted = Wanted(types, symbol.upper() if symbol else None, since)
        session = client_of(context).via
        start = _start(cursor, self._read.get(str(session)), stream.journal)

        def page() -> Page:
            most_bytes = _MOST_BYTES_IN_DETAIL if detail else _MOST_BYTES
            return stream.journal.read(
                start, is_wanted=wanted, most=maxEvents, most_bytes=most_bytes
            )

        found = await _waited(context, stream, page, waitSeconds)
        if isinstance(session, str):
            self._remember(session, found.next)
        result = _result(account, stream, found, detail=detail)
        told = _text(result, found, wanted, StreamStatus.of(stream), account.wall_clock())
        await stream.journal.kept()
        return succeeded(told, result)

    def _remember(self, session: str, cursor: Cursor) -> None:
        self._read[session] = cursor
        self._read.move_to_end(session)
        if len(self._read) > _MOST_SESSIONS:
            self._read.popitem(last=False)


def newest_events(account: Account) -> UserEvents:
    """Return the newest events, for a resource."""
    journal = account.stream.journal
    page = journal.read(
        journal.newest(_NEWEST), is_wanted=Wanted(), most=_NEWEST, most_bytes=_MOST_BYTES
    )
    return _result(account, account.stream, page, detail=False)


def user_events_tool() -> Tool:
    """Return the tool."""
    return make_tool(UserEventsTool().read_user_events, USER_EVENTS_TOOL, _READ, READS)


def _known(types: Sequence[str], journal: Journal) -> frozenset[str]:
    """Return the types; undocumented ones are known if one was received."""
    known = {*EVENT_TYPES, *journal.types}
    for each in types:
        if each not in known:
            close = difflib.get_close_matches(each.upper(), known, n=1, cutoff=0.4)
            hint = f" Did you mean {close[0]}?" if close else ""
            raise InvalidArgumentsError(
                f"Unknown event type: {each[:100]}.{hint} Known: {', '.join(sorted(known))}."
            )
    return frozenset(types)


def _start(text: str | None, read: Cursor | None, journal: Journal) -> Cursor:
    if text is None:
        return read or journal.oldest
    if text == "oldest":
        return journal.oldest
    if (cursor := Cursor.parsed(text)) is None:
        raise InvalidArgumentsError(
            'cursor must be nextCursor of an earlier result, or "oldest"; or leave it out.'
        )
    return cursor


async def _waited(
    context: Context[Account], stream: UserStream, read: Callable[[], Page], seconds: float
) -> Page:
    """Return a page with events, or the one that there is after so many seconds."""
    started = anyio.current_time()
    next_report = started + _PROGRESS_SECONDS
    while True:
        page = read()
        now = anyio.current_time()
        if page.entries or now >= started + seconds or stream.key is None:
            return page
        if now >= next_report:
            next_report = now + _PROGRESS_SECONDS
            told = stream_sentence(StreamStatus.of(stream), stream.wall_clock())
            await context.report_progress(now - started, seconds, told)
        with anyio.move_on_at(min(started + seconds, next_report)):
            await stream.journal.changes()


def _result(account: Account, stream: UserStream, page: Page, *, detail: bool) -> UserEvents:
    status = StreamStatus.of(stream)
    return UserEvents(
        environment=account.environment.name,
        events=[event_report(entry, detail=detail) for entry in page.entries],
        next_cursor=str(page.next),
        has_more=page.has_more,
        truncated=page.is_truncated,
        gaps=[gap_report(gap) for gap in _fewer(page.gaps)],
        covered_since=date_if(status.covered_since and ceil(status.covered_since)),
        covered_until=date_if(status.covered_until and floor(status.covered_until)),
        stream=stream_sentence(status, account.wall_clock()) + checked_sentence(status),
    )


def _fewer(gaps: Sequence[Gap]) -> Sequence[Gap]:
    """Return at most 20 gaps; the oldest ones are joined."""
    more = len(gaps) - _MOST_GAPS
    return gaps if more <= 0 else (gaps[0].joined(gaps[more]), *gaps[more + 1 :])


def _text(result: UserEvents, page: Page, wanted: Wanted, status: StreamStatus, now: float) -> str:
    """Return events and gaps in their order, and what that means."""
    told = [(each.sequence, 0, _line(each)) for each in result.events]
    told += [(gap.after, 1, gap_sentence(gap, now)) for gap in _fewer(page.gaps)]
    lines = [line for _, _, line in sorted(told)]
    if not result.events:
        lines.insert(0, _nothing(page, wanted, status))
    elif result.has_more:
        lines.append("There are more: call again with nextCursor.")
    return "\n".join([*lines, result.stream, f"nextCursor: {result.next_cursor}"])


def _line(event: EventReport) -> str:
    repaired = " (missed by the stream, read from Binance later)" if event.repaired else ""
    return f"{event.sequence}. {event.event_time or ''} {event.summary}{repaired}"


def _nothing(page: Page, wanted: Wanted, status: StreamStatus) -> str:
    is_covered = status.state is StreamState.CONNECTED and status.covered_since is not None
    if page.gaps or not is_covered or status.silent_since is not None:
        return "No events arrived; whether something happened is not known."
    such = "" if wanted == Wanted() else " such"
    return f"No{such} events arrived; the stream had no break."
