from collections.abc import Callable
from dataclasses import replace
from typing import Final
from urllib.parse import parse_qsl

import pytest

from binance_mcp.clock import WallClock
from binance_mcp.futures.binance_error import (
    InvalidTimestampError,
    MissingApiKeyError,
    MissingSecretError,
    TooManyRequestsError,
    UnreadableAnswerError,
    UnreadParameterError,
)
from binance_mcp.futures.rest_api import RestApi
from binance_mcp.sandbox.app import Sandbox
from binance_mcp.sandbox.trading.ledger import Ledger

pytestmark = pytest.mark.anyio

ACCOUNT: Final = "/fapi/v3/account"
TIME: Final = "/fapi/v1/time"
TRADES: Final = "/fapi/v1/userTrades"
Sent = Callable[[], list[str]]


def last_parameters(sandbox: Sandbox) -> list[tuple[str, str]]:
    return parse_qsl(sandbox.requests[-1].query)


async def test_without_a_signer_nothing_is_read(rest_api: RestApi, sandbox: Sandbox) -> None:
    with pytest.raises(MissingSecretError):
        await rest_api.read(ACCOUNT, {})
    with pytest.raises(MissingSecretError):
        await rest_api.read_rows(TRADES, {"symbol": "A"})
    assert sandbox.requests == ()


async def test_without_an_api_key_nothing_is_read(signed_api: RestApi, sandbox: Sandbox) -> None:
    keyless = replace(signed_api, credentials=replace(signed_api.credentials, api_key=None))
    with pytest.raises(MissingApiKeyError):
        await keyless.read(ACCOUNT, {})
    assert sandbox.requests == ()


async def test_a_read_is_a_signed_get_of_its_parameters(
    signed_api: RestApi, sandbox: Sandbox, ledger: Ledger
) -> None:
    ledger.trade("A", "BUY", 1, 100)

    rows = await signed_api.read_rows(TRADES, {"symbol": "A", "limit": 3})

    assert [row["id"] for row in rows] == [1]
    assert (sandbox.requests[-1].method, sandbox.requests[-1].path) == ("GET", TRADES)
    sent = last_parameters(sandbox)
    assert [name for name, _ in sent] == ["symbol", "limit", "timestamp", "recvWindow", "signature"]
    assert sent[:2] == [("symbol", "A"), ("limit", "3")]


async def test_the_clock_is_corrected_before_the_first_read(
    signed_api: RestApi, sandbox: Sandbox, server_clock: WallClock
) -> None:
    skewed = replace(signed_api, wall_clock=lambda: server_clock() - 40)

    await skewed.read(ACCOUNT, {})
    await skewed.read(ACCOUNT, {})

    assert [(each.path, each.status) for each in sandbox.requests] == [
        (TIME, 200),
        (ACCOUNT, 200),
        (ACCOUNT, 200),
    ]
    assert skewed.clock_offset == pytest.approx(40)


async def test_a_read_is_repeated_if_the_time_could_not_be_asked(
    signed_api: RestApi, sandbox: Sandbox, sent: Sent
) -> None:
    sandbox.arm("http_503_-1001", path=TIME)
    await signed_api.read(ACCOUNT, {})
    assert sent() == ["GET 503", "GET 200", "GET 200"]


async def test_a_clock_that_went_wrong_is_corrected_again(
    signed_api: RestApi, sandbox: Sandbox, sent: Sent
) -> None:
    await signed_api.read(ACCOUNT, {})
    sandbox.arm("http_400_-1021")
    await signed_api.read(ACCOUNT, {})
    assert sent()[2:] == ["GET 400", "GET 200", "GET 200"]

    sandbox.arm("http_400_-1021", path=ACCOUNT, times=2)
    with pytest.raises(InvalidTimestampError):
        await signed_api.read(ACCOUNT, {})


@pytest.mark.parametrize("fault", ["http_400_-1101", "http_400_-1104"])
async def test_a_read_is_never_repeated_unsigned(
    fault: str, signed_api: RestApi, sandbox: Sandbox, sent: Sent
) -> None:
    sandbox.arm(fault, path=ACCOUNT)
    with pytest.raises(UnreadParameterError):
        await signed_api.read(ACCOUNT, {})
    assert sent() == ["GET 200", "GET 400"]


async def test_reads_are_signed_where_other_requests_are_not_any_more(
    signed_api: RestApi, sandbox: Sandbox
) -> None:
    sandbox.arm("http_400_-1101")
    await signed_api.create_listen_key()
    assert last_parameters(sandbox) == []

    await signed_api.read(ACCOUNT, {})
    assert [name for name, _ in last_parameters(sandbox)][-1] == "signature"


async def test_the_answer_to_a_read_may_be_longer_than_others(
    signed_api: RestApi, ledger: Ledger
) -> None:
    for _ in range(1000):
        ledger.place_order("A", "BUY", 1, 100)
    rows = await signed_api.read_rows("/fapi/v1/openOrders", {})
    assert len(rows) == 1000
    assert len(str(rows)) > 500_000


async def test_an_object_is_read_as_no_rows_and_rows_as_no_object(signed_api: RestApi) -> None:
    with pytest.raises(UnreadableAnswerError):
        await signed_api.read_rows(ACCOUNT, {})
    with pytest.raises(UnreadableAnswerError):
        await signed_api.read("/fapi/v1/openOrders", {})


async def test_reads_end_with_the_others_when_there_were_too_many_requests(
    signed_api: RestApi, sandbox: Sandbox, sent: Sent
) -> None:
    sandbox.arm("http_429_-1003", path=TRADES, retry_after=30)
    with pytest.raises(TooManyRequestsError):
        await signed_api.read_rows(TRADES, {"symbol": "A"})
    for call in (signed_api.create_listen_key(), signed_api.read(ACCOUNT, {})):
        with pytest.raises(TooManyRequestsError):
            await call
    assert sent() == ["GET 200", "GET 429"]
