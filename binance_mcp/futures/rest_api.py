"""Requests to the REST API: signing, sending, retrying. None of them can trade.

Milliseconds do not leave this module.
https://developers.binance.com/docs/derivatives/usds-margined-futures/general-info
"""

import logging
import math
import random
import re
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import anyio

from binance_mcp.clock import SteadyClock, WallClock, wall_clock
from binance_mcp.futures.answer import Answer
from binance_mcp.futures.binance_error import (
    BinanceError,
    InvalidTimestampError,
    MissingApiKeyError,
    MissingSecretError,
    TooManyRequestsError,
    UnreadableAnswerError,
    UnreadParameterError,
)
from binance_mcp.futures.credentials import Credentials
from binance_mcp.futures.http_client import HttpClient
from binance_mcp.futures.listen_key import ListenKey
from binance_mcp.futures.signing import signed_query
from binance_mcp.futures.transport import LONGEST_ANSWER, Transport
from binance_mcp.futures.weight import RequestWeight

logger = logging.getLogger(__name__)

answered: Final[ContextVar[int | None]] = ContextVar("answered", default=None)
"""HTTP status of the last answer in the current task, for an audit trail."""

_LISTEN_KEY: Final = "/fapi/v1/listenKey"
_TIME: Final = "/fapi/v1/time"
_LATEST_TIME: Final = 10**14
"""In milliseconds; the year 5138."""
_LOOKS_LIKE_A_KEY: Final = re.compile(r"[A-Za-z0-9_-]{1,128}")
_LONGEST_READ: Final = 4 * 1024 * 1024
"""In bytes. An answer with 1,000 orders has less than one MiB."""
_ATTEMPTS: Final = 5
_FIRST_PAUSE_SECONDS: Final = 0.2
_DEADLINE_IN_TIMEOUTS: Final = 4
_SHORTEST_ATTEMPT: Final = 0.1
"""In timeouts. With less time than that, an attempt could only hide the reason of the last one."""


_T = TypeVar("_T")
_Reader = Callable[[Answer, float], _T]
Parameters = Mapping[str, str | int]


@dataclass(frozen=True)
class _Call:
    method: str
    path: str = _LISTEN_KEY
    parameters: Parameters = field(default_factory=dict[str, str | int])
    recv_window: float | None = None
    is_read: bool = False
    """Reads must be signed, and may have long answers."""


@dataclass(eq=False, repr=False)
class RestApi:
    """Sends the requests of one account: three about its listen key, and reads.

    All of them are safe to repeat.
    """

    http: HttpClient
    credentials: Credentials
    weight: RequestWeight
    timeout: float = 5.0
    """Seconds to wait for one answer. A call ends within four times that, retries included."""
    wall_clock: WallClock = wall_clock
    rng: Callable[[], float] = random.random
    """Returns a random number in [0, 1), for the pauses between retries."""
    clock: SteadyClock = field(init=False)
    """The clock of `weight` and the keeper. Timeouts are on anyio's clock."""
    clock_offset: float | None = field(default=None, init=False)
    """Seconds by which Binance's clock is ahead of this machine's; None if nobody asked."""
    _signs: bool = field(default=True, init=False)

    def __post_init__(self) -> None:
        self.clock = SteadyClock(self.wall_clock)
        self._transport = Transport(self.http)

    @property
    def longest_call(self) -> float:
        """Seconds within which a call ends, retries included."""
        return _DEADLINE_IN_TIMEOUTS * self.timeout

    async def create_listen_key(
        self, recv_window: float | None = None, *, deadline: float = math.inf
    ) -> ListenKey:
        """Return the account's listen key: the active one, extended, or a new one.

        `recv_window`, in seconds, overrides the configured one. Unsigned requests have none.
        The call ends by `deadline`, on anyio's clock.

        Raises:
            BinanceError: The class says what went wrong.

        """
        if key := _listen_key(await self._ask("POST", recv_window, deadline)):
            return key
        raise UnreadableAnswerError("Binance answered 200 without a listen key", status=200)

    async def keepalive_listen_key(
        self, recv_window: float | None = None, *, deadline: float = math.inf
    ) -> ListenKey | None:
        """Extend the account's listen key; return it, if the answer contains it.

        Raises:
            InvalidListenKeyError: The account has no active listen key.
            BinanceError: The class says what went wrong.

        """
        return _listen_key(await self._ask("PUT", recv_window, deadline))

    async def close_listen_key(
        self, recv_window: float | None = None, *, deadline: float = math.inf
    ) -> None:
        """Close the account's listen key, for every program that uses it.

        Raises:
            InvalidListenKeyError: The account has no active listen key.
            BinanceError: The class says what went wrong.

        """
        await self._ask("DELETE", recv_window, deadline)

    async def read(self, path: str, parameters: Parameters) -> dict[str, Any]:
        """Return the object that a signed GET is answered with.

        Raises:
            MissingSecretError: Requests cannot be signed.
            BinanceError: The class says what went wrong.

        """
        return await self._read(path, parameters, Answer.payload)

    async def read_rows(self, path: str, parameters: Parameters) -> list[dict[str, Any]]:
        """Return the objects in the list that a signed GET is answered with.

        Raises:
            MissingSecretError: Requests cannot be signed.
            BinanceError: The class says what went wrong.

        """
        return await self._read(path, parameters, Answer.rows)

    async def _read(self, path: str, parameters: Parameters, read: _Reader[_T]) -> _T:
        if self.credentials.signer is None:
            raise MissingSecretError("no API secret or private key is configured")
        return await self._call(_Call("GET", path, parameters, is_read=True), math.inf, read)

    async def _ask(self, method: str, recv_window: float | None, deadline: float) -> dict[str, Any]:
        return await self._call(_Call(method, recv_window=recv_window), deadline, Answer.payload)

    async def _call(self, call: _Call, deadline: float, read: _Reader[_T]) -> _T:
        """Send a request, and retry it until it cannot succeed, or the deadline is near."""
        deadline = min(deadline, anyio.current_time() + self.longest_call)
        attempt = 1
        while True:
            try:
                return await self._attempt(call, deadline, read)
            except BinanceError as error:
                backoff = _FIRST_PAUSE_SECONDS * 2 ** (attempt - 1) * (0.5 + self.rng())
                pause = max(backoff, error.retry_after or 0.0)
                needed = pause + _SHORTEST_ATTEMPT * self.timeout
                late = anyio.current_time() + needed >= deadline
                if not error.is_retryable or attempt == _ATTEMPTS or late:
                    raise
                logger.info(
                    "%s %s: %s; trying again in %.1f s", call.method, call.path, error, pause
                )
            await anyio.sleep(pause)
            attempt += 1

    async def _attempt(self, call: _Call, deadline: float, read: _Reader[_T]) -> _T:
        """Send a request; once more, if its timestamp or signature was the problem."""
        if self.credentials.api_key is None:
            raise MissingApiKeyError("no API key is configured")
        headers = {"X-MBX-APIKEY": self.credentials.api_key.get_secret_value()}
        if call.is_read and self.clock_offset is None:
            await self._correct_clock(deadline)
        try:
            return await self._send(call, headers, deadline, read)
        except InvalidTimestampError:
            await self._correct_clock(deadline)
        except UnreadParameterError as error:
            self._stop_signing(call, error)
        return await self._send(call, headers, deadline, read)

    def _target(self, call: _Call) -> str:
        signer = self.credentials.signer if self._signs or call.is_read else None
        if signer is None or call.path == _TIME:
            return call.path
        seconds = self.credentials.recv_window if call.recv_window is None else call.recv_window
        parameters = {
            **call.parameters,
            "timestamp": round(self.server_time() * 1000),
            "recvWindow": round(seconds * 1000),
        }
        return f"{call.path}?{signed_query(parameters, signer)}"

    def server_time(self) -> float:
        """Return the time of Binance's clock, as far as it is known, in seconds since the epoch."""
        return self.wall_clock() + (self.clock_offset or 0.0)

    def _stop_signing(self, call: _Call, error: UnreadParameterError) -> None:
        if self.credentials.signer is None or not self._signs or call.is_read:
            raise error
        self._signs = False
        logger.warning("%s; requests are sent unsigned from now on", error)

    async def _correct_clock(self, deadline: float) -> None:
        sent = self.wall_clock()
        answer = await self._send(_Call("GET", _TIME), {}, deadline, Answer.payload)
        arrived = self.wall_clock()
        server_time = answer.get("serverTime")
        if not isinstance(server_time, int) or not 0 < server_time < _LATEST_TIME:
            raise UnreadableAnswerError("Binance answered 200 without its time", status=200)
        self.clock_offset = server_time / 1000 - (sent + arrived) / 2
        logger.info("this machine's clock is %+.3f s from Binance's", -self.clock_offset)

    async def _send(
        self, call: _Call, headers: dict[str, str], deadline: float, read: _Reader[_T]
    ) -> _T:
        """Send one request and return what its answer has."""
        self.weight.check(self.clock.now())
        answer = await self._transport.send(
            call.method,
            self._target(call),
            headers,
            seconds=max(min(self.timeout, deadline - anyio.current_time()), 0.0),
            longest=_LONGEST_READ if call.is_read else LONGEST_ANSWER,
        )
        answered.set(answer.status)
        now, server_time = self.clock.now(), self.server_time()
        self.weight.read(answer.used_weight, now=now, server_time=server_time)
        try:
            return read(answer, server_time)
        except TooManyRequestsError as error:
            raise self.weight.refused(error, now=now) from None


def _listen_key(payload: dict[str, Any]) -> ListenKey | None:
    value = payload.get("listenKey")
    if not isinstance(value, str) or not value:
        return None
    if not _LOOKS_LIKE_A_KEY.fullmatch(value):  # it becomes part of a URL and of a model's input
        raise UnreadableAnswerError("Binance answered 200 with no possible listen key", status=200)
    return ListenKey(value)
