"""The request weight of this IP address, and when to stop calling. Pure: the time is passed in.

https://developers.binance.com/docs/derivatives/usds-margined-futures/general-info
"""

from typing import Final

from binance_mcp.errors import IpBannedError, TooManyRequestsError

_HEADROOM: Final = 0.1
"""The share of the limit that is left to other programs on the same IP address."""
_MINUTE: Final = 60.0
_WITHOUT_A_TIME: Final = {TooManyRequestsError: _MINUTE, IpBannedError: 2 * _MINUTE}
"""How long to stop if Binance does not say: the minute it counts in, and its shortest ban."""


class RequestWeight:
    """Says when no request may be sent: after a 429 or 418, and close to the limit.

    Its times are on the clock of the `RestApi` that it belongs to, which goes on while the machine
    sleeps: so does a ban.
    """

    def __init__(self, limit: int) -> None:
        self._ceiling = limit * (1 - _HEADROOM)
        self._stop: TooManyRequestsError | None = None
        self._until = 0.0
        self.used: int | None = None
        """Weight used in the minute of the last answer, by every program on the IP address."""

    def read(self, used: int | None, *, now: float, server_time: float) -> None:
        """Take in what an answer's header says; `server_time` tells where the minute ends."""
        if used is None:
            return
        self.used = used
        if used >= self._ceiling:
            self._stop_until(
                now + _MINUTE - server_time % _MINUTE,
                TooManyRequestsError(
                    f"this IP address has used {used} of its request weight in this minute; "
                    "the rest is left to other programs"
                ),
            )

    def refused(self, error: TooManyRequestsError, *, now: float) -> TooManyRequestsError:
        """Take in a 429 or 418; return it with the wait that follows."""
        default = _WITHOUT_A_TIME[type(error)]
        wait = default if error.retry_after is None else error.retry_after
        self._stop_until(now + wait, error)
        error.retry_after = max(wait, self._until - now)
        return error

    def check(self, now: float) -> None:
        """Refuse to send while Binance wants no requests.

        Raises:
            TooManyRequestsError: With the wait; an IpBannedError during a ban.

        """
        if stop := self.stop(now):
            raise stop

    def stop(self, now: float) -> TooManyRequestsError | None:
        """Return why no request may be sent at `now`, with the wait; None if one may."""
        stop = self._stop
        if stop is None or now >= self._until:
            return None
        return type(stop)(
            str(stop), status=stop.status, code=stop.code, retry_after=self._until - now
        )

    def _stop_until(self, until: float, error: TooManyRequestsError) -> None:
        if until >= self._until:
            self._until, self._stop = until, error
