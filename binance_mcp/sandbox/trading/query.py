"""The query of a request for rows: its parameters, its window of time, and its page. Pure.

https://developers.binance.com/docs/derivatives/usds-margined-futures/error-code
"""

import re
from collections.abc import Sequence
from typing import Final, TypeVar
from urllib.parse import parse_qsl

from binance_mcp.sandbox.error_answers import answer, illegal_characters, malformed
from binance_mcp.sandbox.http_messages import RefusedError, Request
from binance_mcp.sandbox.trading.order import DAY

WEEK: Final = 7 * DAY
MOST: Final = 1000
"""The greatest limit."""

_DIGITS: Final = re.compile(r"^[0-9]{1,20}$")
_TOO_LONG: Final = answer(400, -4165, "Maximum time interval is 7 days.")

T = TypeVar("T")


class Query:
    """The parameters of a request; empty ones count as not sent."""

    def __init__(self, request: Request) -> None:
        self._values = dict(parse_qsl(request.query))

    def text(self, name: str) -> str | None:
        """Return a parameter; None if it was not sent."""
        return self._values.get(name)

    def required(self, name: str) -> str:
        """Return a mandatory parameter.

        Raises:
            RefusedError: -1102, it was not sent.

        """
        if name not in self._values:
            raise RefusedError(malformed(name))
        return self._values[name]

    def number(self, name: str) -> int | None:
        """Return a parameter that is a number; None if it was not sent.

        Raises:
            RefusedError: -1100, it is none.

        """
        value = self._values.get(name)
        if value is not None and not _DIGITS.match(value):
            raise RefusedError(illegal_characters(name, _DIGITS.pattern))
        return None if value is None else int(value)

    def count(self, name: str, default: int, most: int | None = None) -> int:
        """Return a parameter that counts from 1.

        Raises:
            RefusedError: -1100 or -1130, it does not.

        """
        value = self.number(name)
        if value is None:
            return default
        if value < 1 or (most is not None and value > most):
            raise RefusedError(
                answer(400, -1130, f"Data sent for parameter '{name}' is not valid.")
            )
        return value

    @property
    def has_time(self) -> bool:
        """Whether a start or an end was sent."""
        return "startTime" in self._values or "endTime" in self._values

    def window(self, now: int, longest: int | None = None) -> range:
        """Return the times, in milliseconds: without start and end, the last 7 days.

        With one of them, the other is as far as it may be.

        Raises:
            RefusedError: -1100, -1102 or -4165, they are no window, or one longer than `longest`.

        """
        start, end = self.number("startTime"), self.number("endTime")
        reach = WEEK if longest is None else longest
        if end is None:
            end = now if start is None or longest is None else start + reach
        if start is None:
            start = end - reach
        if end < start:
            raise RefusedError(malformed("endTime"))
        if longest is not None and end - start > longest:
            raise RefusedError(_TOO_LONG)
        return range(start, end + 1)

    def newest_or_next(self, rows: Sequence[T], id_name: str) -> Sequence[T]:
        """Return as many rows as the limit: from a start on if there is one, or else the newest."""
        limit = self.count("limit", 500, MOST)
        has_start = self.text("startTime") is not None or self.text(id_name) is not None
        return rows[:limit] if has_start else rows[-limit:]
