"""How near an account is to liquidation, from what Binance lists of it. Pure.

https://developers.binance.com/docs/derivatives/usds-margined-futures/trade/rest-api/Position-Information-V3
"""

import re
from collections.abc import Mapping
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, localcontext
from typing import Any, Final

_AMOUNT: Final = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?")
_DIGITS: Final = 150
"""Enough for a percentage of any two amounts."""
_CENT: Final = Decimal("0.01")


def amount(value: object) -> Decimal | None:
    """Return an amount as Binance writes it; None if it is none."""
    return Decimal(value) if isinstance(value, str) and _AMOUNT.fullmatch(value) else None


def is_zero(value: object) -> bool:
    """Return whether an amount is certainly zero: one that cannot be read may be anything."""
    return amount(value) == 0


def liquidation_distance(position: Mapping[str, Any]) -> Decimal | None:
    """Return by how many percent the mark may move against a position, rounded down.

    None if Binance names no liquidation price, which it does by "0". A negative distance means
    that the mark is past it.
    """
    held, mark = amount(position.get("positionAmt")), amount(position.get("markPrice"))
    liquidation = amount(position.get("liquidationPrice"))
    if not held or mark is None or mark <= 0 or liquidation is None or liquidation <= 0:
        return None
    with localcontext(prec=_DIGITS):
        away = mark - liquidation if held > 0 else liquidation - mark
        return _percent(away, mark, ROUND_FLOOR)


def margin_ratio(maintenance: object, balance: object) -> Decimal | None:
    """Return the maintenance margin in percent of the margin balance, rounded up.

    At 100 percent Binance liquidates. None if there is no balance to compare it with.
    """
    needed, there = amount(maintenance), amount(balance)
    if needed is None or there is None or there <= 0:
        return None
    with localcontext(prec=_DIGITS):
        return _percent(needed, there, ROUND_CEILING)


def _percent(part: Decimal, whole: Decimal, rounding: str) -> Decimal:
    return (100 * part / whole).quantize(_CENT, rounding)
