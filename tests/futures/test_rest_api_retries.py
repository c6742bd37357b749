from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Final

import anyio
import httpx2 as httpx
import pytest

from binance_mcp.clock import WallClock
from binance_mcp.futures.binance_error import (
    BinanceError,
    TimedOutError,
    TooManyRequestsError,
    UnavailableError,
    UnreachableError,
)
from binance_mcp.futures.http_client import http_client
from binance_mcp.futures.rest_api import RestApi
from binance_mcp.futures.signing import hmac_signer
from binance_mcp.futures.weight import RequestWeight
from binance_mcp.sandbox.app import AccountKeys, Sandbox
from binance_mcp.sandbox.faults import FAULTS

pytestmark = pytest.mark.anyio

RETRIED: Final = {
    "empty_body",
    "http_408_-1007",
    "http_500_-1000",
    "http_502_html",
    "http_503_-1000",
    "http_503_-1001",
    "http_503_-1008",
    "http_503_-1016",
    "http_503_plain",
    "http_504_html",
    "not_json_200",
    "reset",
    "timeout",
}
ANSWER: Final = 0.05
"""What an answer takes."""
CORRECTED: Final = {"http_400_-1021"}

Call = Callable[[RestApi], Awaitable[object]]
CALLS: Final[list[Call]] = [
    RestApi.create_listen_key,
    RestApi.keepalive_listen_key,
    RestApi.close_listen_key,
]


@pytest.fixture
def sent_at(rest_api: RestApi) -> list[float]:
    """Return the times at which requests are sent."""
    times: list[float] = []

    async def note(_request: httpx.Request) -> None:
        times.append(anyio.current_time())

    rest_api.http().event_hooks = {"request": [note]}
    return times


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("fault", sorted(RETRIED))
async def test_transient_errors_are_retried(
    fault: str, call: Call, rest_api: RestApi, sandbox: Sandbox
) -> None:
    await rest_api.create_listen_key()
    sandbox.arm(fault)

    await call(rest_api)

    assert len(sandbox.requests) == 3
    assert sandbox.requests[-1].status == 200


@pytest.mark.parametrize("fault", sorted(FAULTS.keys() - RETRIED - CORRECTED))
async def test_every_other_error_is_final(fault: str, rest_api: RestApi, sandbox: Sandbox) -> None:
    sandbox.arm(fault)

    with pytest.raises(BinanceError):
        await rest_api.create_listen_key()

    assert len(sandbox.requests) == 1
    assert anyio.current_time() == ANSWER


@pytest.mark.parametrize(
    ("random", "times"),
    [
        (0.0, [0.0, 0.1, 0.3, 0.7, 1.5]),
        (0.5, [0.0, 0.2, 0.6, 1.4, 3.0]),
        (0.999_999, [0.0, 0.3, 0.9, 2.1, 4.5]),
    ],
)
async def test_five_attempts_are_made_at_growing_and_random_intervals(
    random: float, times: list[float], rest_api: RestApi, sandbox: Sandbox, sent_at: list[float]
) -> None:
    sandbox.arm("http_503_-1001", times=100)

    with pytest.raises(UnavailableError):
        await replace(rest_api, rng=lambda: random).create_listen_key()

    with_answers = [at + number * ANSWER for number, at in enumerate(times)]
    assert sent_at == pytest.approx(with_answers, abs=1e-4)
    assert anyio.current_time() == pytest.approx(sent_at[-1] + ANSWER)


async def test_a_call_times_out_after_four_timeouts(
    rest_api: RestApi, sandbox: Sandbox, sent_at: list[float]
) -> None:
    sandbox.arm("timeout", times=100)

    with pytest.raises(TimedOutError) as failed:
        await rest_api.create_listen_key()

    assert sent_at == pytest.approx([0.0, 5.2, 10.6, 16.4])
    assert anyio.current_time() == pytest.approx(20)
    assert str(failed.value) == "Binance did not answer within 3.6 s"


async def test_a_call_whose_clock_cannot_be_corrected_times_out_after_four_timeouts(
    rest_api: RestApi, sandbox: Sandbox
) -> None:
    sandbox.arm("http_400_-1021", method="POST", times=100)
    sandbox.arm("timeout", method="GET", times=100)

    with pytest.raises(TimedOutError):
        await replace(rest_api, timeout=2.5).create_listen_key()

    assert anyio.current_time() == pytest.approx(10)


async def test_no_retry_is_waited_for_that_would_exceed_the_deadline(
    rest_api: RestApi, sandbox: Sandbox, sent_at: list[float]
) -> None:
    sandbox.arm("http_503_-1001", times=100)

    with pytest.raises(UnavailableError):
        await replace(rest_api, timeout=0.35).create_listen_key()

    assert sent_at == pytest.approx([0.0, 0.25, 0.7])
    assert anyio.current_time() == pytest.approx(0.75)


@pytest.mark.parametrize(("retry_after", "pause"), [(0, 0.2), (7, 7.0), (19, 19.0)])
async def test_retry_after_of_binance_is_waited_for(
    retry_after: int, pause: float, rest_api: RestApi, sandbox: Sandbox, sent_at: list[float]
) -> None:
    sandbox.arm("http_503_-1001", retry_after=retry_after)

    await rest_api.create_listen_key()

    assert sent_at == pytest.approx([0.0, ANSWER + pause])


async def test_a_retry_after_beyond_the_deadline_is_returned_to_the_caller(
    rest_api: RestApi, sandbox: Sandbox, sent_at: list[float]
) -> None:
    sandbox.arm("http_503_-1001", retry_after=20)

    with pytest.raises(UnavailableError) as failed:
        await rest_api.create_listen_key()

    assert failed.value.retry_after == 20
    assert sent_at == [0.0]


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        ("timeout", "Binance did not answer within 0.1 s"),
        ("reset", "Binance could not be reached (ConnectionResetError)"),
    ],
)
async def test_an_error_without_an_answer_has_no_status(
    fault: str, text: str, rest_api: RestApi, sandbox: Sandbox
) -> None:
    sandbox.arm(fault, times=100)

    with pytest.raises(UnreachableError) as failed:
        await replace(rest_api, timeout=0.1).create_listen_key()

    assert (str(failed.value), failed.value.status, failed.value.code) == (text, None, None)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (httpx.ReadTimeout("secret"), "Binance did not answer within 5 s"),
        (httpx.ConnectError("secret"), "Binance could not be reached (ConnectError)"),
        (httpx.DecodingError("secret"), "Binance could not be reached (DecodingError)"),
    ],
)
async def test_errors_of_the_http_client_become_unreachable_errors(
    error: httpx.RequestError, text: str, rest_api: RestApi
) -> None:
    async def broken(_scope: object, _receive: object, _send: object) -> None:
        await anyio.lowlevel.checkpoint()
        raise error

    async with http_client("http://sandbox.invalid", app=broken) as http:
        with pytest.raises(UnreachableError) as failed:
            await replace(rest_api, http=http).create_listen_key()

    assert str(failed.value) == text


@pytest.mark.parametrize(
    ("fault", "retry_after", "wait"),
    [
        ("http_429_-1003", None, 60),
        ("http_429_-1003", 7, 7),
        ("http_418_-1003", None, 120 - ANSWER / 2),  # "banned until", written on its way
        ("http_418_-1003", 300, 300),
    ],
)
async def test_after_a_429_or_418_nothing_is_sent_until_the_wait_is_over(
    fault: str, retry_after: int | None, wait: float, rest_api: RestApi, sandbox: Sandbox
) -> None:
    sandbox.arm(fault, retry_after=retry_after)
    with pytest.raises(TooManyRequestsError) as refused:
        await rest_api.create_listen_key()
    assert refused.value.retry_after == pytest.approx(wait)

    await anyio.sleep(wait - 1)
    for call in CALLS:
        with pytest.raises(type(refused.value)) as stopped:
            await call(rest_api)
        assert stopped.value.retry_after == pytest.approx(1)
    assert len(sandbox.requests) == 1

    await anyio.sleep(1.000_001)  # the wall clock, read for "banned until", is no finer
    await rest_api.create_listen_key()
    assert len(sandbox.requests) == 2


async def test_near_the_request_weight_limit_nothing_is_sent_until_the_minute_is_over(
    rest_api: RestApi, sandbox: Sandbox
) -> None:
    api = replace(rest_api, weight=RequestWeight(10))
    await anyio.sleep(15)
    for _ in range(9):
        await api.create_listen_key()

    with pytest.raises(TooManyRequestsError) as stopped:
        await api.create_listen_key()
    assert (stopped.value.status, stopped.value.retry_after) == (
        None,
        pytest.approx(45 - 9 * ANSWER),
    )
    assert api.weight.used == len(sandbox.requests) == 9

    await anyio.sleep(45)
    await api.create_listen_key()
    assert api.weight.used == 1


async def test_the_request_weight_minute_is_that_of_binance_even_with_a_wrong_clock(
    rest_api: RestApi, account: AccountKeys, server_clock: WallClock
) -> None:
    signer = hmac_signer(account.api_secret)
    api = replace(
        rest_api,
        credentials=replace(rest_api.credentials, signer=signer),
        wall_clock=lambda: server_clock() - 40,
        weight=RequestWeight(4),
    )
    await anyio.sleep(15)
    await api.create_listen_key()  # three requests: refused, the time, repeated
    await api.create_listen_key()

    with pytest.raises(TooManyRequestsError) as stopped:
        await api.create_listen_key()
    assert stopped.value.retry_after == pytest.approx(45 - 4 * ANSWER)


async def test_a_last_attempt_that_times_out_does_not_hide_the_earlier_error(
    rest_api: RestApi, sandbox: Sandbox
) -> None:
    rest_api.timeout, rest_api.rng = 1.0, lambda: 0.0
    sandbox.arm("http_503_-1001", times=100)
    with pytest.raises(UnavailableError):
        await rest_api.create_listen_key(deadline=anyio.current_time() + 0.41)
    assert len(sandbox.requests) == 2
