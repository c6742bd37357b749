import re

import anyio
import pytest

from binance_mcp.futures.sandbox.account import Account
from binance_mcp.futures.sandbox.app import Sandbox
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

UNKNOWN: dict[str, object] = {
    "environment": "sandbox",
    "state": "none",
    "listenKey": None,
    "createdAt": None,
    "keptAliveAt": None,
    "expiresAt": None,
    "expiresInSeconds": None,
    "automaticKeepalive": True,
    "nextKeepaliveAt": None,
    "consecutiveFailures": 0,
    "lastError": None,
    "eventsMissingSince": None,
    "rotationCount": 0,
    "rotations": [],
    "usedWeight": None,
}


async def test_nothing_is_known_before_anything_is_asked(
    connect: Connect, sandbox: Sandbox
) -> None:
    async with connect() as client:
        status = await client.call_tool(STATUS, {})
    found = succeeded(status)
    assert {name: found[name] for name in UNKNOWN} == UNKNOWN
    assert "BinanceFuturesCreateListenKey creates it" in text(status)
    assert sandbox.requests == ()


async def test_an_active_key_tells_when_it_expires_and_is_kept_alive(
    connect: Connect, sandbox: Sandbox
) -> None:
    async with connect() as client:
        created = succeeded(await client.call_tool(CREATE, {}))
        await anyio.sleep(600)
        status = await client.call_tool(STATUS, {})
    found = succeeded(status)
    assert found["state"] == "active"
    assert found["listenKey"] == created["listenKey"]
    assert found["createdAt"] == found["keptAliveAt"] == "2026-11-18T11:06:40Z"
    assert found["expiresAt"] == "2026-11-18T12:06:40Z"
    assert found["expiresInSeconds"] == pytest.approx(3000, abs=0.1)
    assert "2026-11-18T11:36:40Z" <= found["nextKeepaliveAt"] <= "2026-11-18T11:41:40Z"
    assert found["usedWeight"] == 1
    assert "is active until 12:06:40 UTC. It is kept alive automatically at " in text(status)
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
    assert succeeded(active)["nextKeepaliveAt"] is None
    assert text(active).endswith(" Keep it alive with BinanceFuturesKeepAliveListenKey before.")
    assert succeeded(expired)["eventsMissingSince"] == "2026-11-18T11:06:40Z"
    assert "is lost: events since 11:06:40 UTC may be missing." in text(expired)
    assert text(expired).endswith(" BinanceFuturesCreateListenKey creates it.")
    assert succeeded(closed)["state"] == "closed"
    assert succeeded(closed)["eventsMissingSince"] is None


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
    assert succeeded(healed)["consecutiveFailures"] == 0
    assert succeeded(healed)["lastError"] is None


async def test_a_lost_key_that_cannot_be_replaced_yet_says_when_and_how_it_can(
    connect: Connect, sandbox: Sandbox, account: Account
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
        r" It is replaced at \d\d:\d\d:\d\d UTC; BinanceFuturesCreateListenKey does it at once\.$",
        text(lost),
    )


async def test_a_rotation_is_told_with_both_keys_masked(
    connect: Connect, sandbox: Sandbox, account: Account
) -> None:
    async with connect() as client:
        old = succeeded(await client.call_tool(CREATE, {}))["listenKey"]
        await another_program_closes_the_key(sandbox, account)
        await anyio.sleep(2110)
        found = succeeded(await client.call_tool(STATUS, {}))
    assert found["state"] == "active"
    assert found["rotationCount"] == 1
    (rotation,) = found["rotations"]
    assert rotation["oldListenKey"] == f"{old[:4]}…"
    assert rotation["newListenKey"] == f"{found['listenKey'][:4]}…"
    assert rotation["eventsMissingSince"] == "2026-11-18T11:06:40Z"
    assert rotation["at"] == found["createdAt"]


async def test_the_callers_quota_is_told_limit_by_limit(connect: Connect) -> None:
    async with connect() as client:
        await client.call_tool(KEEPALIVE, {})
        found = succeeded(await client.call_tool(STATUS, {}))
    left = {quota["counter"]: quota["remaining"] for quota in found["remainingQuota"]}
    assert left["binancefutureskeepalivelistenkey_rate"] == 59
    assert left["binancefuturescreatelistenkey_rate"] == 60
    assert left["calls_per_minute"] == 238
