"""What is known of the user data stream at a moment."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from binance_mcp.futures.user_stream.gap import Gap
from binance_mcp.futures.user_stream.stream import UserStream


class StreamState(StrEnum):
    """The state of the stream."""

    NO_KEY = "no_key"
    CONNECTING = "connecting"
    CONNECTED = "connected"


@dataclass(frozen=True)
class StreamStatus:
    """The stream at a moment. Times are seconds since the Unix epoch."""

    state: StreamState
    connected_since: float | None
    last_event_at: float | None
    last_ping_at: float | None
    url_form: str
    delivers: bool
    """Whether this form of the URL has brought an event, so that silence means something."""
    is_confirmed: bool
    """Whether Binance has confirmed the key since the stream was connected."""
    silent_since: float | None
    """Since when nothing has arrived, if even Binance's ping is overdue."""
    tried_beside: tuple[str, ...]
    """Other forms that are open because it is quiet."""
    problem: str | None
    reconnects: int
    events_held: int
    gap_count: int
    gap: Gap | None
    """The present gap."""
    withheld: Gap | None
    """What connected streams did not bring, as far as it was found."""
    covered_since: float | None
    """Since when there was no break; None if that is not known."""
    covered_until: float | None
    """Up to when that is known: about when anything last arrived."""
    compared_until: float | None
    """Up to when fills and orders agree with Binance's lists; None if not compared."""

    @classmethod
    def of(cls, stream: UserStream) -> Self:
        """Return the status now."""
        main, journal = stream.main, stream.journal
        delivers = not stream.has_pings or stream.form in stream.delivered
        is_open = main is not None and main.is_open
        pinged = main.pinged_at if main else None
        is_confirmed = main is not None and stream.confirmation.covers(main)
        covered_since = journal.covered_since if delivers and is_confirmed else None
        is_silent = stream.has_pings and main is not None and main.is_silent(stream.now())
        return cls(
            state=_state(stream, is_open=is_open),
            connected_since=stream.wall(main.opened_at) if main and main.opened_at else None,
            last_event_at=max(stream.delivered.values(), default=None),
            last_ping_at=None if pinged is None else stream.wall(pinged),
            url_form=stream.form.name,
            delivers=delivers,
            is_confirmed=is_confirmed,
            silent_since=stream.wall(main.heard_at) if main and is_silent else None,
            tried_beside=tuple(probe.form.name for probe in stream.lines.probes),
            problem=stream.problem,
            reconnects=stream.reconnects,
            events_held=journal.count,
            gap_count=journal.gap_count,
            gap=journal.gap,
            withheld=journal.withheld,
            covered_since=covered_since,
            covered_until=None if covered_since is None else stream.heard_until(),
            compared_until=journal.compared_until,
        )


def _state(stream: UserStream, *, is_open: bool) -> StreamState:
    if stream.key is None:
        return StreamState.NO_KEY
    return StreamState.CONNECTED if is_open else StreamState.CONNECTING
