"""The requests of the doctor: each is sent once, so that no retry hides what happened.

None of them creates, closes or trades anything.
https://developers.binance.com/docs/derivatives/usds-margined-futures/general-info
"""

from dataclasses import dataclass
from typing import Any, Final

from pydantic import SecretStr

from binance_mcp.clock import WallClock, wall_clock
from binance_mcp.futures.binance_error import UnreadableAnswerError
from binance_mcp.futures.credentials import Credentials
from binance_mcp.futures.http_client import HttpClient
from binance_mcp.futures.listen_key import ListenKey
from binance_mcp.futures.signing import signed_query
from binance_mcp.futures.transport import Transport

_LISTEN_KEY: Final = "/fapi/v1/listenKey"
_TIME: Final = "/fapi/v1/time"
_LONGEST_ANSWER: Final = 4 * 1024 * 1024
"""In bytes. That about an account lists every asset and position."""


@dataclass(frozen=True)
class ServerTime:
    """A reading of Binance's clock."""

    offset: float
    """Seconds by which it is ahead of this machine's."""
    uncertainty: float
    """Seconds by which that may be wrong: half of the time that the answer took."""


@dataclass(eq=False, repr=False)
class SingleRequests:
    """Sends requests to one address. Every method raises the `BinanceError` of an answer."""

    http: HttpClient
    credentials: Credentials
    timeout: float
    """Seconds to wait for an answer."""
    offset: float = 0.0
    """Seconds by which Binance's clock is ahead; signed requests are sent with its time."""
    wall_clock: WallClock = wall_clock

    async def time(self) -> ServerTime:
        """Read Binance's clock, which needs no API key."""
        self.http()  # opens the client, which is not a part of the way
        sent = self.wall_clock()
        answer = await self._send("GET", _TIME, {})
        arrived = self.wall_clock()
        server_time = answer.get("serverTime")
        if not isinstance(server_time, int):
            raise UnreadableAnswerError("Binance answered 200 without its time", status=200)
        return ServerTime(server_time / 1000 - (sent + arrived) / 2, (arrived - sent) / 2)

    async def keepalive(self) -> ListenKey | None:
        """Extend the account's listen key; return it, if the answer contains it."""
        answer = await self._send("PUT", self._target(_LISTEN_KEY), self._headers)
        listen_key = answer.get("listenKey")
        if not isinstance(listen_key, str) or not listen_key.isalnum():
            return None
        return ListenKey(listen_key)

    async def read(self, path: str) -> dict[str, Any]:
        """Return the object that a signed GET is answered with."""
        return await self._send("GET", self._target(path), self._headers)

    @property
    def _headers(self) -> dict[str, str]:
        api_key = self.credentials.api_key or SecretStr("")
        return {"X-MBX-APIKEY": api_key.get_secret_value()}

    def _target(self, path: str) -> str:
        """Return the target of a request as the server sends it: signed, if that is possible."""
        if self.credentials.signer is None:
            return path
        parameters = {
            "timestamp": round((self.wall_clock() + self.offset) * 1000),
            "recvWindow": round(self.credentials.recv_window * 1000),
        }
        return f"{path}?{signed_query(parameters, self.credentials.signer)}"

    async def _send(self, method: str, target: str, headers: dict[str, str]) -> dict[str, Any]:
        answer = await Transport(self.http).send(
            method, target, headers, seconds=self.timeout, longest=_LONGEST_ANSWER
        )
        return answer.payload(self.wall_clock() + self.offset)
