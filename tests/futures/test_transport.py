from collections.abc import AsyncGenerator

import anyio
import pytest
from starlette.requests import Request
from starlette.responses import Response

from binance_mcp.futures.binance_error import TimedOutError, UnreachableError, UnreadableAnswerError
from binance_mcp.futures.http_client import http_client
from binance_mcp.futures.transport import LONGEST_ANSWER, Transport
from binance_mcp.sandbox.app import Sandbox

pytestmark = pytest.mark.anyio


@pytest.fixture
async def transport() -> AsyncGenerator[Transport]:
    """Yield a transport to what answers with so many bytes, in an encoding, after a second."""

    async def answer(scope: dict[str, object], receive: object, send: object) -> None:
        request = Request(scope, receive, send)  # pyright: ignore[reportArgumentType]
        await anyio.sleep(1)
        body = b"x" * int(request.query_params.get("bytes", 0))
        headers = {"content-encoding": encoding} if (encoding := request.url.path[1:]) else {}
        await Response(body, 418, headers)(scope, receive, send)  # pyright: ignore[reportArgumentType]

    async with http_client("http://exchange.example", app=answer) as http:  # pyright: ignore[reportArgumentType]
        yield Transport(http)


async def test_an_answer_is_returned_whatever_its_status(transport: Transport) -> None:
    answer = await transport.send("GET", "/?bytes=3", {}, seconds=2)
    assert (answer.status, answer.body, answer.headers["content-length"]) == (418, b"xxx", "3")


async def test_an_answer_that_comes_late_is_an_error(transport: Transport) -> None:
    with pytest.raises(TimedOutError, match=r"within 0\.5 s"):
        await transport.send("GET", "/", {}, seconds=0.5)


async def test_a_connection_that_is_reset_is_an_error(sandbox: Sandbox) -> None:
    sandbox.arm("reset")
    async with http_client("http://exchange.example", app=sandbox) as http:
        with pytest.raises(UnreachableError, match="could not be reached"):
            await Transport(http).send("GET", "/fapi/v1/ping", {}, seconds=2)


async def test_the_longest_answer_is_that_of_the_request(transport: Transport) -> None:
    longer = f"/?bytes={LONGEST_ANSWER + 1}"
    with pytest.raises(UnreadableAnswerError, match="more than 65536 bytes"):
        await transport.send("GET", longer, {}, seconds=2)
    answer = await transport.send("GET", longer, {}, seconds=2, longest=LONGEST_ANSWER + 1)
    assert len(answer.body) == LONGEST_ANSWER + 1


async def test_a_compressed_answer_is_not_read(transport: Transport) -> None:
    with pytest.raises(UnreadableAnswerError, match="encoding"):
        await transport.send("GET", "/gzip", {}, seconds=2)
