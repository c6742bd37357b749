import math
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
from pydantic import SecretStr
from starlette.responses import JSONResponse
from starlette.types import ASGIApp

from binance_mcp.clock import WallClock, wall_clock
from binance_mcp.doctor.single_requests import SingleRequests
from binance_mcp.futures.binance_error import (
    BadApiKeyFormatError,
    InvalidListenKeyError,
    UnavailableError,
    UnreadableAnswerError,
)
from binance_mcp.futures.credentials import Credentials
from binance_mcp.futures.http_client import http_client
from binance_mcp.futures.signing import hmac_signer
from binance_mcp.sandbox.app import AccountKeys, Sandbox

pytestmark = pytest.mark.anyio

Asking = Callable[..., AbstractAsyncContextManager[SingleRequests]]


@pytest.fixture
def sandbox() -> Sandbox:
    return Sandbox()


@pytest.fixture
def account(sandbox: Sandbox) -> AccountKeys:
    return sandbox.new_account()


@pytest.fixture
def asking(sandbox: Sandbox, account: AccountKeys) -> Asking:
    @asynccontextmanager
    async def asking(
        app: ASGIApp = sandbox, *, wall_clock: WallClock = wall_clock, offset: float = 0.0
    ) -> AsyncGenerator[SingleRequests]:
        credentials = Credentials(SecretStr(account.api_key), hmac_signer(account.api_secret))
        async with http_client("http://sandbox", app=app) as http:
            yield SingleRequests(http, credentials, 5, offset, wall_clock)

    return asking


async def test_the_clocks_are_compared_as_far_as_the_answer_was_quick(asking: Asking) -> None:
    def late() -> float:
        return wall_clock() - 100

    async with asking(wall_clock=late) as requests:
        time = await requests.time()
    assert math.isclose(time.offset, 100, abs_tol=1)
    assert 0 <= time.uncertainty < 1


async def test_a_signed_request_is_sent_with_the_time_of_binance(asking: Asking) -> None:
    async with asking(wall_clock=lambda: wall_clock() - 100, offset=100) as requests:
        assert "availableBalance" in await requests.read("/fapi/v3/account")


async def test_a_keepalive_returns_the_listen_key_and_creates_none(
    asking: Asking, sandbox: Sandbox, account: AccountKeys
) -> None:
    headers = {"X-MBX-APIKEY": account.api_key}
    async with asking() as requests:
        with pytest.raises(InvalidListenKeyError):
            await requests.keepalive()
        created = await requests.http().post("/fapi/v1/listenKey", headers=headers)
        listen_key = await requests.keepalive()
    assert listen_key is not None
    assert listen_key.matches(created.json()["listenKey"])
    assert [request.method for request in sandbox.requests] == ["PUT", "POST", "PUT"]
    assert "signature=" in sandbox.requests[0].query


async def test_a_request_is_sent_once_even_if_it_could_be_repeated(
    asking: Asking, sandbox: Sandbox
) -> None:
    sandbox.arm("http_503_-1001")
    async with asking() as requests:
        with pytest.raises(UnavailableError):
            await requests.keepalive()
    assert len(sandbox.requests) == 1


async def test_without_an_api_key_none_is_sent(sandbox: Sandbox) -> None:
    async with http_client("http://sandbox", app=sandbox) as http:
        with pytest.raises(BadApiKeyFormatError):
            await SingleRequests(http, Credentials(), 5).keepalive()
    assert sandbox.requests[0].query == ""


@pytest.mark.parametrize("answer", [{}, {"listenKey": 5}, {"listenKey": "a/b"}])
async def test_an_answer_without_a_possible_listen_key_has_none(
    asking: Asking, answer: dict[str, object]
) -> None:
    async with asking(JSONResponse(answer)) as requests:
        assert await requests.keepalive() is None


async def test_an_answer_without_the_time_cannot_be_read(asking: Asking) -> None:
    async with asking(JSONResponse({"serverTime": "late"})) as requests:
        with pytest.raises(UnreadableAnswerError):
            await requests.time()
