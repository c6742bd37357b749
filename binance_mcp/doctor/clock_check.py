"""The clock of this machine, beside Binance's. Pure.

https://developers.binance.com/docs/derivatives/usds-margined-futures/general-info
"""

from collections.abc import Sequence
from typing import Final

from binance_mcp.doctor.finding import Finding, ok, warning
from binance_mcp.doctor.single_requests import ServerTime

_CHECK: Final = "clock"
_TOLERATED: Final = 1.0
"""In seconds. Binance refuses signed requests that are further ahead of its clock."""


def check_clock(time: ServerTime) -> Sequence[Finding]:
    """Judge the difference of the clocks, as far as it can be known."""
    differs = abs(time.offset) - time.uncertainty
    if differs < _TOLERATED:
        return [ok(_CHECK, f"it is {abs(time.offset):.2g} s from Binance's")]
    direction = "behind" if time.offset > 0 else "ahead of"
    return [
        warning(
            _CHECK,
            f"this machine's clock is about {abs(time.offset):.0f} s {direction} Binance's: "
            "the server corrects signed requests for that, but not the dates that it shows",
            "Set the clock by network time. In a virtual machine or Docker it may have stood still "
            "while the machine slept: restart it.",
        )
    ]
