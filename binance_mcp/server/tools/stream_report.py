"""The state of the user data stream as data, for programs."""

from datetime import datetime
from math import ceil

from binance_mcp.futures.user_stream.status import StreamState, StreamStatus
from binance_mcp.futures.user_stream.stream import UserStream
from binance_mcp.server.tools.results import ToolResult, date_of


class StreamReport(ToolResult):
    """The state of the stream. What does not apply is left out."""

    state: StreamState
    connected_since: datetime | None = None
    last_event_at: datetime | None = None
    last_ping_at: datetime | None = None
    covered_since: datetime | None = None
    url_form: str
    delivers: bool
    """Whether this form of the URL has brought an event."""
    tried_beside: list[str] | None = None
    problem: str | None = None
    reconnects: int
    events_held: int
    gaps: int


def stream_report(stream: UserStream) -> StreamReport:
    """Return the state of a stream now."""
    status = StreamStatus.of(stream)
    return StreamReport(
        state=status.state,
        connected_since=_date(status.connected_since),
        last_event_at=_date(status.last_event_at),
        last_ping_at=_date(status.last_ping_at),
        covered_since=_date(status.covered_since and ceil(status.covered_since)),
        url_form=status.url_form,
        delivers=status.delivers,
        tried_beside=list(status.tried_beside) or None,
        problem=status.problem,
        reconnects=status.reconnects,
        events_held=status.events_held,
        gaps=status.gap_count,
    )


def _date(at: float | None) -> datetime | None:
    return None if at is None else date_of(at)
