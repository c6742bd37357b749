"""The state of the user data stream as data, for programs."""

from datetime import datetime
from math import ceil, floor

from binance_mcp.futures.user_stream.gap import Gap
from binance_mcp.futures.user_stream.status import StreamState, StreamStatus
from binance_mcp.futures.user_stream.stream import UserStream
from binance_mcp.server.tools.results import ToolResult, date_if


class WithheldReport(ToolResult):
    """What the stream did not bring although it was connected."""

    since: datetime | None = None
    fills: int
    orders: int
    problem: str | None = None


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
    withheld: WithheldReport | None = None


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
        withheld=_withheld(status.withheld),
    )


def _withheld(gap: Gap | None) -> WithheldReport | None:
    if gap is None or gap.repair is None:
        return None
    since, found = date_if(gap.since and floor(gap.since)), gap.repair
    return WithheldReport(
        since=since, fills=found.fills, orders=found.orders, problem=found.problem
    )
