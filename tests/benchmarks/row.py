"""The table: a measurement a row."""

from dataclasses import astuple, dataclass
from typing import Final


@dataclass(frozen=True)
class Row:
    """What was measured, and whether that is the goal."""

    what: str
    ours: str
    bare: str = "-"
    ratio: str = "-"
    goal: str = "-"
    verdict: str = "-"

    def __str__(self) -> str:
        return "{:<52} {:>9} {:>9} {:>6}  {:<34} {}".format(*astuple(self))


HEADING: Final = Row("what", "ours", "bare", "ratio", "goal", "verdict")


def verdict(*, is_met: bool) -> str:
    """Return what a row says of its goal."""
    return "met" if is_met else "not met"
