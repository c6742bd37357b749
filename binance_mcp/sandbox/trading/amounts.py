"""Prices, quantities and amounts of money: decimals, never floats."""

from decimal import Context, Decimal
from typing import Annotated, Final

from pydantic import Field

EXACT: Final = Context(prec=60)
"""The context of all arithmetic: more digits than products of what is accepted have."""
ZERO: Final = Decimal(0)

_PLACES: Final = 8
_DIGITS: Final = 18

Positive = Annotated[Decimal, Field(gt=0, max_digits=_DIGITS, decimal_places=_PLACES)]
Amount = Annotated[Decimal, Field(max_digits=_DIGITS, decimal_places=_PLACES)]
Number = Decimal | int | str
"""What a caller in Python may write for a decimal."""


def rounded(amount: Decimal) -> Decimal:
    """Return the amount as it is booked: with 8 decimal places."""
    return round(amount, _PLACES)


def plain(amount: Decimal) -> str:
    """Return the amount as it is written, with 8 decimal places at most and no exponent."""
    shortest = rounded(amount).normalize(EXACT)
    return f"{shortest:f}" if shortest else "0"
