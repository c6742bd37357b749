import re
from datetime import datetime

import anyio
import pytest

from binance_mcp.sandbox.app import AccountKeys, Sandbox
from tests.server.connections import (
    CLOSE,
    CREATE,
    KEEPALIVE,
    STATUS,
    Connect,
    another_program_closes_the_key,
    succeeded,
    text,
)

pytestmark = pytest.mark.anyio


async def test_nothing_is_known_before_anything_is_asked(
    connect: Connect, sandbox: Sandbox
) -> None:
    async with connect() as client:
        status = await client.call_tool(STATUS, {})
    found = succeeded(status)
    assert found.keys() == {"environment", "state", "automaticKeepalive", "tightestQuota"}
    assert found["state"] == "none"
    assert "This server knows of no listen key on sandbox; another program may have" in text(status)
    assert "BinanceFuturesCreateListenKey creates one" in text(status)
    assert sandbox.requests == ()


async def test_an_active_key_tells_when_it_expires_and_is_kept_alive(
    connect: Connect, sandbox: Sandbox
) -> None:
    async with connect() as client:
        created = succeeded(await client.call_tool(CREATE, {}))
        await anyio.sleep(600)
        status = await client.call_tool(STATUS, {"detail": True})
    found = succeeded(status)
    assert found["state"] == "active"
    assert found["listenKey"] == f"{created['listenKey'][:4]}…"
    assert found["createdAt"] == found["confirmedAt"] == "2026-11-18T11:06:40Z"
    assert found["expiresAt"] == "2026-11-18T12:06:40Z"
    assert found["expiresInSeconds"] == pytest.approx(3000, abs=0.1)
    assert "2026-11-18T11:36:40Z" <= found["nextKeepaliveAt"] <= "2026-11-18T11:41:40Z"
    assert found["usedWeight"] == 1
    assert (
        "The account's listen key on sandbox is active until 2026-11-18 12:06:40 UTC, as Binance "
        "last confirmed at 2026-11-18 11:06:40 UTC; another program may have closed it since. "
        "BinanceFuturesKeepAliveListenKey asks Binance now. Next automatic keepalive: 2026-11-18 11"
    ) in text(status)
    assert len(sandbox.requests) == 1


async def test_without_automatic_keepalive_the_status_says_what_to_do(connect: Connect) -> None:
    async with connect(auto_keepalive=False) as client:
        await client.call_tool(CREATE, {})
        active = await client.call_tool(STATUS, {})
        await anyio.sleep(3600)
        expired = await client.call_tool(STATUS, {})
        await client.call_tool(CLOSE, {})
        closed = await client.call_tool(STATUS, {})
    assert succeeded(active)["automaticKeepalive"] is False
    assert "nextKeepaliveAt" not in succeeded(active)
    assert "It is not kept alive automatically: do so every 30-50 minutes." in text(active)
    assert succeeded(expired)["eventsMissingSince"] == "2026-11-18T11:06:40Z"
    assert "is lost; events since 2026-11-18 11:06:40 UTC may be missing." in text(expired)
    assert "BinanceFuturesCreateListenKey creates one." in text(expired)
    assert succeeded(closed)["state"] == "closed"
    assert "This server has closed the account's listen key on sandbox." in text(closed)
    assert "eventsMissingSince" not in succeeded(closed)


async def test_failures_are_told_until_a_keepalive_succeeds(
    connect: Connect, sandbox: Sandbox
) -> None:
    async with connect() as client:
        await client.call_tool(CREATE, {})
        sandbox.arm("http_401_-2015", method="PUT")
        await anyio.sleep(2110)
        failing = await client.call_tool(STATUS, {})
        await anyio.sleep(1000)
        healed = await client.call_tool(STATUS, {})
    assert succeeded(failing)["state"] == "active"
    assert succeeded(failing)["consecutiveFailures"] == 1
    assert "-2015" in succeeded(failing)["lastError"]
    assert "The last keepalive failed: " in text(failing)
    assert succeeded(healed).keys() & {"consecutiveFailures", "lastError"} == set()


async def test_a_lost_key_that_cannot_be_replaced_yet_says_when_and_how_it_can(
    connect: Connect, sandbox: Sandbox, account: AccountKeys
) -> None:
    async with connect() as client:
        await client.call_tool(CREATE, {})
        await another_program_closes_the_key(sandbox, account)
        sandbox.arm("http_503_-1001", times=500, method="POST")
        await anyio.sleep(2400)
        lost = await client.call_tool(STATUS, {})
    assert succeeded(lost)["state"] == "expired"
    assert "The last keepalive failed: Binance answered 503, code -1001" in text(lost)
    assert re.search(
        r" It will be replaced at 2026-11-18 \d\d:\d\d:\d\d UTC; "
        r"BinanceFuturesCreateListenKey does it at once\. ",
        text(lost),
    )


async def test_a_rotation_is_told_with_both_keys_masked(
    connect: Connect, sandbox: Sandbox, account: AccountKeys
) -> None:
    async with connect() as client:
        old = succeeded(await client.call_tool(CREATE, {}))["listenKey"]
        await another_program_closes_the_key(sandbox, account)
        await anyio.sleep(2110)
        found = succeeded(await client.call_tool(STATUS, {"detail": True}))
    assert found["state"] == "active"
    assert found["rotationCount"] == 1
    (rotation,) = found["rotations"]
    assert found["lastRotation"] == rotation
    assert rotation["oldListenKey"] == f"{old[:4]}…"
    assert rotation["newListenKey"] == found["listenKey"]
    assert rotation["eventsMissingSince"] == "2026-11-18T11:06:40Z"
    created, heard = (datetime.fromisoformat(at) for at in (found["createdAt"], rotation["at"]))
    assert 0 <= (heard - created).total_seconds() <= 1  # the request was sent, and answered


async def test_the_callers_quota_is_told_limit_by_limit(connect: Connect) -> None:
    async with connect() as client:
        await client.call_tool(KEEPALIVE, {})
        status = await client.call_tool(STATUS, {"detail": True})
    found = succeeded(status)
    left = {quota["counter"]: quota["remaining"] for quota in found["remainingQuota"]}
    assert left["binancefutureskeepalivelistenkey_rate"] == 59
    assert left["binancefuturescreatelistenkey_rate"] == 60
    assert left["calls_per_minute"] == 238
    assert found["tightestQuota"]["remaining"] == 59
    assert ": 59 of 60 calls left per minute." in text(status)


async def test_a_rotation_that_the_session_was_told_of_stays_in_the_status(
    connect: Connect, sandbox: Sandbox, account: AccountKeys
) -> None:
    async with connect() as client:
        await client.call_tool(CREATE, {})
        await another_program_closes_the_key(sandbox, account)
        await client.call_tool(KEEPALIVE, {})
        status = text(await client.call_tool(STATUS, {}))
    assert (
        "A lost key was replaced once, last at 2026-11-18 11:06:40 UTC: events between " in status
    )


async def test_other_hosts_than_binances_are_named(connect: Connect) -> None:
    async with connect(rest_url="https://rest.example", stream_url="wss://s.example:9") as client:
        status = await client.call_tool(STATUS, {})
    assert succeeded(status)["host"] == "rest.example and s.example:9"
    assert "on sandbox (at rest.example and s.example:9)" in text(status)


@pytest.mark.parametrize("fault", ["http_429_-1003", "http_418_-1003"])
async def test_while_the_limits_forbid_requests_the_status_says_until_when(
    connect: Connect, sandbox: Sandbox, fault: str
) -> None:
    sandbox.arm(fault, retry_after=90)
    async with connect() as client:
        await client.call_tool(CREATE, {})
        await anyio.sleep(10)
        stopped = await client.call_tool(STATUS, {})
        await anyio.sleep(90)
        free = await client.call_tool(STATUS, {})
    assert succeeded(stopped)["noRequestsUntil"] == "2026-11-18T11:08:10Z"
    assert "forbid requests until 2026-11-18 11:08:10 UTC; nothing is sent before." in text(stopped)
    assert "noRequestsUntil" not in succeeded(free)


async def test_a_close_that_was_not_answered_is_told_as_that(
    connect: Connect, sandbox: Sandbox
) -> None:
    sandbox.arm("timeout", times=10, method="DELETE")
    async with connect() as client:
        await client.call_tool(CREATE, {})
        assert (await client.call_tool(CLOSE, {})).is_error
        unknown = await client.call_tool(STATUS, {})
        await client.call_tool(KEEPALIVE, {})
        known = await client.call_tool(STATUS, {})
    assert succeeded(unknown)["closing"] is True
    assert "A close of the account's listen key on sandbox was sent, but not confirmed" in text(
        unknown
    )
    assert "closing" not in succeeded(known)
