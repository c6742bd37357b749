"""The sentences about the user data stream that a model reads: what is known, and since when."""

from math import ceil, floor
from typing import Final

from binance_mcp.futures.user_stream.gap import Gap, GapReason, Repair
from binance_mcp.futures.user_stream.status import StreamState, StreamStatus
from binance_mcp.server.tools.results import date_and_time, date_of

_REASONS: Final = {
    GapReason.START: "this server was not connected before",
    GapReason.NO_KEY: "there was no active listen key",
    GapReason.DISCONNECTED: "the connection was lost",
    GapReason.DEAF: "the connection was open, but brought neither events nor pings",
    GapReason.ROTATION: "the listen key was lost and replaced",
    GapReason.ROUTE: "the connection was open, but its URL form brought no events",
    GapReason.UNREADABLE: "something arrived that could not be read",
    GapReason.OVERFLOW: "they are no longer held, because there were too many",
    GapReason.WITHHELD: "the connection was open, but did not bring them",
    GapReason.SUSPENDED: "this machine was suspended",
    GapReason.RESTART: "this server was not running",
    GapReason.OTHER_JOURNAL: "the cursor is from before a restart, or from another server",
}
_NOT_LISTED: Final = (
    "balance changes and margin calls cannot be read later, nor stops that came and went in a "
    "symbol without others"
)
_NO_PROOF: Final = "an empty list does not prove that nothing happened."
_MINUTE: Final = 60
_HOUR: Final = 3600
_DAY: Final = 86_400


def gap_sentence(gap: Gap, now: float) -> str:
    """Return what may be missing, why, and what was read later instead.

    `now` is in seconds since the Unix epoch. The times shown are whole seconds between which the
    gap lies.
    """
    until = "now" if gap.until is None else _moment(ceil(min(gap.until, now)))
    since = "" if gap.since is None else _moment(floor(gap.since))
    span = f"between {since} and {until}" if since else f"before {until}"
    return f"Events {span} may be missing: {_REASONS[gap.reason]}.{_repair(gap)}"


def _repair(gap: Gap) -> str:
    if (repair := gap.repair) is None:
        return ""
    if repair.is_refused:
        return f" Not repairable: {repair.problem}."
    but = f", but {repair.problem}" if repair.problem else ""
    return f" Repaired: {_found(repair)}{but}; {_NOT_LISTED}."


def _found(repair: Repair) -> str:
    counts = ((repair.fills, "fill"), (repair.orders, "order change"))
    found = [f"{number} {what}{'s' * (number > 1)}" for number, what in counts if number]
    if not found:
        return "Binance lists no fill and no change of an order"
    is_one = repair.fills + repair.orders == 1
    return f"{' and '.join(found)} {'was' if is_one else 'were'} read from Binance"


def stream_sentence(status: StreamStatus, now: float) -> str:
    """Return the state of the stream, and what its silence means."""
    if status.state is StreamState.NO_KEY:
        return (
            "Nothing is received: there is no active listen key. BinanceFuturesCreateListenKey "
            "creates one, and events are received from then on."
        )
    if status.state is StreamState.CONNECTING:
        why = f" ({status.problem})" if status.problem else ""
        return f"The stream is not connected{why}; it connects again by itself."
    return f"{_connected(status, now)}{_doubts(status, now)}"


def withheld_sentence(status: StreamStatus) -> str:
    """Return what the stream did not bring although it was connected; empty if nothing."""
    gap = status.withheld
    if gap is None or gap.repair is None or gap.since is None:
        return ""
    but = f", but {gap.repair.problem}" if gap.repair.problem else ""
    found = _found(gap.repair)
    return f" Since {_moment(floor(gap.since))} it withheld events: {found}{but}."


def checked_sentence(status: StreamStatus) -> str:
    """Return what is known of events that Binance did not send; empty if even more may be missing.

    A connection without a break may not bring every event.
    """
    if status.state is not StreamState.CONNECTED or status.covered_since is None:
        return ""
    if status.compared_until is None:
        return " Whether it withheld events has not been checked."
    until = _moment(floor(status.compared_until))
    return (
        f" Fills and orders agree with Binance's lists up to {until}; the rest cannot be checked."
    )


def _connected(status: StreamStatus, now: float) -> str:
    since = status.connected_since or now
    quiet = now - max(status.last_event_at or 0.0, since)
    ping = (
        "" if status.last_ping_at is None else f", last ping {span(now - status.last_ping_at)} ago"
    )
    return f"The stream is connected since {_moment(since)}, quiet for {span(quiet)}{ping}."


def _doubts(status: StreamStatus, now: float) -> str:
    if status.silent_since is not None:
        return (
            f" Nothing has arrived for {span(now - status.silent_since)}, although Binance pings "
            f"every 3 minutes: {_NO_PROOF}"
        )
    if not status.is_confirmed:
        return f" Binance has not confirmed the listen key since: {_NO_PROOF}"
    if not status.delivers:
        return f" No event has arrived from this URL yet: {_NO_PROOF}"
    return ""


def span(seconds: float) -> str:
    """Return a length of time: `40 s`, `12 min`, `3 h`, `2 days`."""
    whole = max(round(seconds), 0)
    if whole < 2 * _MINUTE:
        return f"{whole} s"
    if whole < 2 * _HOUR:
        return f"{whole // _MINUTE} min"
    return f"{whole // _HOUR} h" if whole < 2 * _DAY else f"{whole // _DAY} days"


def _moment(at: float) -> str:
    return date_and_time(date_of(at))
