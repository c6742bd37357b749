"""Listen keys that were lost again and again, as far as the file of events tells."""

from collections.abc import Sequence
from typing import Final

from binance_mcp.doctor.finding import Certainty, Finding, ok, unknown, warning
from binance_mcp.errors import EventsFileError
from binance_mcp.futures.user_stream.events_file import kept_gaps
from binance_mcp.futures.user_stream.gap import Gap, GapReason
from binance_mcp.settings import Settings

_CHECK: Final = "listen key"
_DAY: Final = 86_400.0
_SUSPICIOUS: Final = 2
"""A key that is kept alive should never be lost."""


def check_losses(settings: Settings, now: float) -> Sequence[Finding]:
    """Look for lost listen keys in the file of events, if there is one that can be read now."""
    file = settings.events_file
    if file is None or not settings.user_events or not file.expanduser().is_file():
        return []
    try:
        return judge_losses(kept_gaps(file.expanduser()), now)
    except EventsFileError as error:
        return [unknown(_CHECK, f"whether other programs close it was not looked up: {error}")]


def judge_losses(gaps: Sequence[Gap], now: float) -> Sequence[Finding]:
    """Judge the gaps of the last day. `now` is in seconds since the Unix epoch."""
    lost = [
        gap
        for gap in gaps
        if gap.reason is GapReason.ROTATION and gap.until and now - gap.until < _DAY
    ]
    if len(lost) < _SUSPICIOUS:
        return [ok(_CHECK, "it was not lost again and again in the last 24 hours")]
    return [
        warning(
            _CHECK,
            f"the listen key was lost {len(lost)} times in the last 24 hours: another program of "
            "the account closes it",
            "Find programs that use an API key of this account, and let none of them close the key "
            "(DELETE /fapi/v1/listenKey), which ends it for all.",
            Certainty.LIKELY,
        )
    ]
