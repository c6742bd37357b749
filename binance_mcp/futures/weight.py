"""The request weight of this IP address, and when to send nothing. Pure: the time is passed in.

https://developers.binance.com/docs/derivatives/usds-margined-futures/general-info
"""

from typing import Final

from binance_mcp.futures.binance_error import IpBannedError, TooManyRequestsError

_HEADROOM: Final = 0.1
"""The share of the limit that is left to other programs on the IP address."""
_MINUTE: Final = 60.0
_WITHOUT_A_TIME: Final = {TooManyRequestsError: _MINUTE, IpBannedError: 2 * _MINUTE}
"""Seconds to wait if the answer does not say: the minute of the limit, and the shortest ban."""


class RequestWeight:
    """Decides when no request may be sent: after a 429 or 418, and close to the limit.

    Times are on the clock of the `RestApi`, which counts suspended time: a ban does not pause.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._ceiling = limit * (1 - _HEADROOM)
        self._stop: TooManyRequestsError | None = None
        self._until = 0.0
        self._minute = 0.0
        self.used: int | None = None
        """Weight used in the minute of the last answer, by all programs on the IP address."""

    def read(self, used: int | None, *, now: float, server_time: float) -> None:
        """Record the used weight that an answer reports; the minute is that of `server_time`."""
        if used is None:
            return
        self.used, self._minute = used, server_time // _MINUTE
        if used >= self._ceiling:
            self._stop_until(
                now + _MINUTE - server_time % _MINUTE,
                TooManyRequestsError(
                    f"this IP address has used {used} of its request weight in this minute; "
                    "the rest is left to other programs"
                ),
            )

    def used_at(self, server_time: float) -> int:
        """Return the weight that is known to be used in the minute of a time of Binance's."""
        return (self.used or 0) if server_time // _MINUTE == self._minute else 0

    def refused(self, error: TooManyRequestsError, *, now: float) -> TooManyRequestsError:
        """Record a 429 or 418, and return it with the wait in its `retry_after`."""
        default = _WITHOUT_A_TIME[type(error)]
        wait = default if error.retry_after is None else error.retry_after
        self._stop_until(now + wait, error)
        error.retry_after = max(wait, self._until - now)
        return error

    def check(self, now: float) -> None:
        """Check that a request may be sent.

        Raises:
            TooManyRequestsError: It may not, until its `retry_after` is over; an IpBannedError
                during a ban.

        """
        if stop := self.stop(now):
            raise stop

    def stop(self, now: float) -> TooManyRequestsError | None:
        """Return the error that forbids requests at `now`, with the wait; None if none does."""
        stop = self._stop
        if stop is None or now >= self._until:
            return None
        found = stop.copied()
        found.retry_after = self._until - now
        return found

    def _stop_until(self, until: float, error: TooManyRequestsError) -> None:
        if until >= self._until:
            self._until, self._stop = until, error.copied()
