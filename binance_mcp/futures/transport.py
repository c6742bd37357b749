"""One HTTP request to Binance, and its answer."""

from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Final

import anyio
import httpx2 as httpx

from binance_mcp.futures.answer import Answer
from binance_mcp.futures.binance_error import TimedOutError, UnreachableError, UnreadableAnswerError
from binance_mcp.futures.http_client import HttpClient, is_network_error

LONGEST_ANSWER: Final = 64 * 1024
"""In bytes. An answer about a listen key has a few hundred."""


@dataclass(eq=False, repr=False)
class Transport:
    """Sends requests, one at a time each, and reads their answers to the end."""

    http: HttpClient
    _requests: dict[tuple[str, str], httpx.Request] = field(
        default_factory=dict[tuple[str, str], httpx.Request], init=False
    )

    async def send(
        self,
        method: str,
        target: str,
        headers: dict[str, str],
        *,
        seconds: float,
        longest: int = LONGEST_ANSWER,
    ) -> Answer:
        """Send a request and return its answer, which has at most `longest` bytes.

        Raises:
            TimedOutError: There was no answer within so many seconds.
            UnreachableError: The network failed.
            UnreadableAnswerError: The answer is longer, or compressed.

        """
        try:
            with anyio.fail_after(seconds):
                return await self._received(self._request(method, target, headers), longest)
        except (TimeoutError, httpx.TimeoutException) as error:
            raise TimedOutError(f"Binance did not answer within {seconds:.3g} s") from error
        except Exception as error:
            if not is_network_error(error):
                raise
            reason = type(error).__name__
            raise UnreachableError(f"Binance could not be reached ({reason})") from error

    async def _received(self, request: httpx.Request, longest: int) -> Answer:
        response = await self.http().send(request, stream=True)
        try:
            return Answer(response.status_code, response.headers, await _body(response, longest))
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


async def _body(response: httpx.Response, longest: int) -> bytes:
    """Return the body of an answer that is not compressed."""
    if response.headers.get("content-encoding", "identity") != "identity":
        raise UnreadableAnswerError("Binance answered in an encoding that was not asked for")
    body = bytearray()
    async with aclosing(response.aiter_raw()) as chunks:
        async for chunk in chunks:
            body += chunk
            if len(body) > longest:
                raise UnreadableAnswerError(f"Binance answered more than {longest} bytes")
    return bytes(body)
