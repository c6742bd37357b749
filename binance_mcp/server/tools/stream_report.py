"""The state of the user data stream as data, for programs."""

from datetime import datetime
from math import ceil

from binance_mcp.futures.user_stream.status import StreamState, StreamStatus
from binance_mcp.futures.user_stream.stream import UserStream
from binance_mcp.server.tools.results import ToolResult, date_if


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
    last_problem: str | None = None
    """Why the stream was last interrupted, or could not be read."""
    reconnects: int
    events_held: int
    gaps: int


def stream_report(stream: UserStream) -> StreamReport:
    """Return the state of a stream now."""
    status = StreamStatus.of(stream)
    return StreamReport(
        state=status.state,
        connected_since=date_if(status.connected_since),
        last_event_at=date_if(status.last_event_at),
        last_ping_at=date_if(status.last_ping_at),
        covered_since=date_if(status.covered_since and ceil(status.covered_since)),
        url_form=status.url_form,
        delivers=status.delivers,
        tried_beside=list(status.tried_beside) or None,
        last_problem=status.problem,
        reconnects=status.reconnects,
        events_held=status.events_held,
        gaps=status.gap_count,
    )
