"""The three listen-key requests of the REST API: sending, signing, retrying.

Milliseconds do not leave this module.
https://developers.binance.com/docs/derivatives/usds-margined-futures/user-data-streams
"""

import logging
import math
import random
import re
from collections.abc import Callable
from contextlib import aclosing
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Final

import anyio
import httpx2 as httpx

from binance_mcp.clock import SteadyClock, WallClock, wall_clock
from binance_mcp.errors import (
    BinanceError,
    InvalidTimestampError,
    MissingApiKeyError,
    TimedOutError,
    TooManyRequestsError,
    UnreachableError,
    UnreadableAnswerError,
    UnreadParameterError,
)
from binance_mcp.futures.answer import Answer
from binance_mcp.futures.credentials import Credentials
from binance_mcp.futures.http_client import HttpClient, is_network_error
from binance_mcp.futures.listen_key import ListenKey
from binance_mcp.futures.signing import signed_query
from binance_mcp.futures.weight import RequestWeight

logger = logging.getLogger(__name__)

answered: Final[ContextVar[int | None]] = ContextVar("answered", default=None)
"""HTTP status of the last answer in the current task, for an audit trail."""

_LISTEN_KEY: Final = "/fapi/v1/listenKey"
_TIME: Final = "/fapi/v1/time"
_LATEST_TIME: Final = 10**14
"""In milliseconds; the year 5138."""
_LOOKS_LIKE_A_KEY: Final = re.compile(r"[A-Za-z0-9_-]{1,128}")
_LONGEST_ANSWER: Final = 64 * 1024
"""In bytes. An answer about a listen key has a few hundred."""
_ATTEMPTS: Final = 5
_FIRST_PAUSE_SECONDS: Final = 0.2
_DEADLINE_IN_TIMEOUTS: Final = 4
_SHORTEST_ATTEMPT: Final = 0.1
"""In timeouts. With less time than that, an attempt could only hide the reason of the last one."""


@dataclass(eq=False, repr=False)
class RestApi:
    """Sends the listen-key requests of one account. All three are safe to repeat."""

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
    _signs: bool = field(default=True, init=False)
    _requests: dict[tuple[str, str], httpx.Request] = field(
        default_factory=dict[tuple[str, str], httpx.Request], init=False
    )
    _clock_offset: float = field(default=0.0, init=False)
    """Seconds by which Binance's clock is ahead of this machine's."""

    def __post_init__(self) -> None:
        self.clock = SteadyClock(self.wall_clock)

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
        if key := _listen_key(await self._call("POST", recv_window, deadline)):
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
        return _listen_key(await self._call("PUT", recv_window, deadline))

    async def close_listen_key(
        self, recv_window: float | None = None, *, deadline: float = math.inf
    ) -> None:
        """Close the account's listen key, for every program that uses it.

        Raises:
            InvalidListenKeyError: The account has no active listen key.
            BinanceError: The class says what went wrong.

        """
        await self._call("DELETE", recv_window, deadline)

    async def _call(
        self, method: str, recv_window: float | None, deadline: float
    ) -> dict[str, Any]:
        """Send a request, and retry it until it cannot succeed, or the deadline is near."""
        deadline = min(deadline, anyio.current_time() + self.longest_call)
        attempt = 1
        while True:
            try:
                return await self._attempt(method, recv_window, deadline)
            except BinanceError as error:
                backoff = _FIRST_PAUSE_SECONDS * 2 ** (attempt - 1) * (0.5 + self.rng())
                pause = max(backoff, error.retry_after or 0.0)
                needed = pause + _SHORTEST_ATTEMPT * self.timeout
                late = anyio.current_time() + needed >= deadline
                if not error.is_retryable or attempt == _ATTEMPTS or late:
                    raise
                logger.info("%s %s: %s; trying again in %.1f s", method, _LISTEN_KEY, error, pause)
            await anyio.sleep(pause)
            attempt += 1

    async def _attempt(
        self, method: str, recv_window: float | None, deadline: float
    ) -> dict[str, Any]:
        """Send a request; once more, if its timestamp or signature was the problem."""
        if self.credentials.api_key is None:
            raise MissingApiKeyError("no API key is configured")
        headers = {"X-MBX-APIKEY": self.credentials.api_key.get_secret_value()}
        try:
            return await self._send(method, self._target(recv_window), headers, deadline)
        except InvalidTimestampError:
            await self._correct_clock(deadline)
        except UnreadParameterError as error:
            self._stop_signing(error)
        return await self._send(method, self._target(recv_window), headers, deadline)

    def _target(self, recv_window: float | None) -> str:
        signer = self.credentials.signer if self._signs else None
        if signer is None:
            return _LISTEN_KEY
        seconds = self.credentials.recv_window if recv_window is None else recv_window
        parameters = {
            "timestamp": round(self._server_time() * 1000),
            "recvWindow": round(seconds * 1000),
        }
        return f"{_LISTEN_KEY}?{signed_query(parameters, signer)}"

    def _server_time(self) -> float:
        return self.wall_clock() + self._clock_offset

    def _stop_signing(self, error: UnreadParameterError) -> None:
        if self.credentials.signer is None or not self._signs:
            raise error
        self._signs = False
        logger.warning("%s; requests are sent unsigned from now on", error)

    async def _correct_clock(self, deadline: float) -> None:
        sent = self.wall_clock()
        answer = await self._send("GET", _TIME, {}, deadline)
        arrived = self.wall_clock()
        server_time = answer.get("serverTime")
        if not isinstance(server_time, int) or not 0 < server_time < _LATEST_TIME:
            raise UnreadableAnswerError("Binance answered 200 without its time", status=200)
        self._clock_offset = server_time / 1000 - (sent + arrived) / 2
        logger.info("this machine's clock is %+.3f s from Binance's", -self._clock_offset)

    async def _send(
        self, method: str, target: str, headers: dict[str, str], deadline: float
    ) -> dict[str, Any]:
        """Send one request and return the payload of its answer."""
        self.weight.check(self.clock.now())
        timeout = max(min(self.timeout, deadline - anyio.current_time()), 0.0)
        try:
            with anyio.fail_after(timeout):
                answer = await self._received(self._request(method, target, headers))
        except (TimeoutError, httpx.TimeoutException) as error:
            raise TimedOutError(f"Binance did not answer within {timeout:.3g} s") from error
        except Exception as error:
            if not is_network_error(error):
                raise
            reason = type(error).__name__
            raise UnreachableError(f"Binance could not be reached ({reason})") from error
        return self._read(answer)

    async def _received(self, request: httpx.Request) -> Answer:
        response = await self.http().send(request, stream=True)
        try:
            return Answer(response.status_code, response.headers, await _body(response))
        finally:
            await response.aclose()

    def _request(self, method: str, target: str, headers: dict[str, str]) -> httpx.Request:
        """Return a request. One without a query never changes, and is built once."""
        request = self._requests.get((method, target))
        if request is None:
            request = self.http().build_request(method, target, headers=headers)
            if not request.url.query:
                self._requests[method, target] = request
        return request

    def _read(self, answer: Answer) -> dict[str, Any]:
        answered.set(answer.status)
        now, server_time = self.clock.now(), self._server_time()
        self.weight.read(answer.used_weight, now=now, server_time=server_time)
        try:
            return answer.payload(server_time)
        except TooManyRequestsError as error:
            raise self.weight.refused(error, now=now) from None


async def _body(response: httpx.Response) -> bytes:
    """Return the body of an answer of at most 64 KiB that is not compressed."""
    if response.headers.get("content-encoding", "identity") != "identity":
        raise UnreadableAnswerError("Binance answered in an encoding that was not asked for")
    body = bytearray()
    async with aclosing(response.aiter_raw()) as chunks:
        async for chunk in chunks:
            body += chunk
            if len(body) > _LONGEST_ANSWER:
                raise UnreadableAnswerError(f"Binance answered more than {_LONGEST_ANSWER} bytes")
    return bytes(body)


def _listen_key(payload: dict[str, Any]) -> ListenKey | None:
    value = payload.get("listenKey")
    if not isinstance(value, str) or not value:
        return None
    if not _LOOKS_LIKE_A_KEY.fullmatch(value):  # it becomes part of a URL and of a model's input
        raise UnreadableAnswerError("Binance answered 200 with no possible listen key", status=200)
    return ListenKey(value)
