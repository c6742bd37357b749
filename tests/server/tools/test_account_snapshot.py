import json
from typing import Any

import anyio
import pytest
from mcp import Client

from binance_mcp.sandbox.app import AccountKeys, Sandbox
from binance_mcp.sandbox.trading.ledger import Ledger
from binance_mcp.server.app import create_server
from binance_mcp.settings import Settings
from tests.server.connections import (
    CLOSE,
    CREATE,
    READ,
    SNAPSHOT,
    Connect,
    Era,
    Serve,
    denial,
    failure,
    listed,
    succeeded,
    text,
)

pytestmark = pytest.mark.anyio


@pytest.fixture
def ledger(sandbox: Sandbox, account: AccountKeys) -> Ledger:
    return sandbox.ledger(account.api_key)


@pytest.fixture
def signed(account: AccountKeys) -> dict[str, object]:
    """Return settings with which requests are signed and events received, and no other is sent."""
    return {"api_secret": account.api_secret, "user_events": True, "repair_gaps": False}


async def create(client: Client) -> None:
    succeeded(await client.call_tool(CREATE, {}))
    await anyio.sleep(2)


async def snapshot(client: Client, **arguments: object) -> dict[str, Any]:
    return succeeded(await client.call_tool(SNAPSHOT, arguments))


async def after(client: Client, found: dict[str, Any]) -> dict[str, Any]:
    arguments = {"cursor": found["cursor"], "detail": True}
    return succeeded(await client.call_tool(READ, arguments))


async def test_what_an_account_has_is_read_and_events_continue_it(
    connect: Connect, signed: dict[str, object], ledger: Ledger
) -> None:
    ledger.trade("BTCUSDT", "BUY", "0.01", 64000)
    ledger.set_mark("BTCUSDT", 65000)
    order = ledger.place_order("ETHUSDT", "SELL", 2, 4000)
    ledger.place_stop("BTCUSDT", "SELL", "0.01", 60000, reduce_only=True)
    async with connect(**signed) as client:
        await create(client)
        result = await client.call_tool(SNAPSHOT, {})
        found = succeeded(result)
        assert (await after(client, found))["events"] == []
        ledger.fill(order, 1)
        await anyio.sleep(1)
        continued = await after(client, found)
    (position,), (opened,), (stop,) = found["positions"], found["openOrders"], found["stops"]
    assert [position[name] for name in ("symbol", "amount", "markPrice", "unrealizedProfit")] == [
        *("BTCUSDT", "0.01", "65000", "10")
    ]
    assert "liquidationPrice" not in position
    assert (opened["id"], opened["filled"], stop["triggerPrice"]) == (str(order), "0", "60000")
    assert (found["exact"], "eventsMissingSince" in found) == (True, False)
    told = text(result).splitlines()
    assert told[1].startswith("Long 0.01 BTCUSDT: entry 64,000, mark 65,000, unrealized profit 10")
    assert told[-1] == f"cursor: {found['cursor']}"
    assert [event["data"]["e"] for event in continued["events"]] == [
        *("TRADE_LITE", "ACCOUNT_UPDATE", "ORDER_TRADE_UPDATE")
    ]
    assert continued["gaps"] == []


async def test_in_detail_binances_objects_are_added_and_without_it_the_result_is_short(
    connect: Connect, signed: dict[str, object], ledger: Ledger
) -> None:
    ledger.place_order("ETHUSDT", "SELL", 2, 4000)
    async with connect(**signed) as client:
        short, long = await snapshot(client), await snapshot(client, detail=True)
    assert long["openOrders"][0]["data"]["timeInForce"] == "GTC"
    assert len(json.dumps(short)) < 800 < len(json.dumps(long))


async def test_a_symbol_is_found_in_small_letters_and_costs_little(
    connect: Connect, signed: dict[str, object], sandbox: Sandbox, ledger: Ledger
) -> None:
    ledger.place_order("ETHUSDT", "SELL", 2, 4000)
    ledger.place_order("BTCUSDT", "SELL", 2, 4000)
    async with connect(**signed) as client:
        found = await snapshot(client, symbol="ethusdt")
    assert (found["symbol"], len(found["openOrders"])) == ("ETHUSDT", 1)
    asked = {each.path.rpartition("/")[-1]: each.query for each in sandbox.requests}
    assert all(
        "symbol=ETHUSDT&" in asked[name]
        for name in ("openOrders", "openAlgoOrders", "positionRisk")
    )


async def test_without_a_listen_key_it_is_read_and_says_since_when_changes_are_unknown(
    connect: Connect, signed: dict[str, object]
) -> None:
    async with connect(**signed) as client:
        result = await client.call_tool(SNAPSHOT, {})
        found = succeeded(result)
        await create(client)
        continued = await after(client, found)
    assert (found["exact"], found["eventsMissingSince"]) == (False, "2026-11-18T11:06:40Z")
    assert "Changes since 2026-11-18 11:06:40 UTC may be missing here" in text(result)
    assert "BinanceFuturesCreateListenKey creates one" in text(result)
    assert [gap["reason"] for gap in continued["gaps"]] == ["start"]


async def test_after_the_key_was_closed_it_does_not_claim_to_be_continued(
    connect: Connect, signed: dict[str, object]
) -> None:
    async with connect(**signed) as client:
        await create(client)
        await client.call_tool(CLOSE, {})
        await anyio.sleep(1)
        assert not (await snapshot(client))["exact"]


async def test_without_events_there_is_no_cursor(
    connect: Connect, signed: dict[str, object]
) -> None:
    async with connect(**signed | {"user_events": False}) as client:
        result = await client.call_tool(SNAPSHOT, {})
    assert "cursor" not in succeeded(result)
    assert "This server receives no events" in text(result)


@pytest.mark.parametrize("has_secret", [True, False])
async def test_the_tool_is_there_only_if_requests_can_be_signed(
    connect: Connect, signed: dict[str, object], *, has_secret: bool
) -> None:
    async with connect(**(signed if has_secret else {"user_events": True})) as client:
        assert (SNAPSHOT in await listed(client)) is has_secret
        assert (SNAPSHOT in (client.instructions or "")) is has_secret
        if not has_secret:
            result = await client.call_tool(SNAPSHOT, {})
            assert text(result) == f"Unknown tool: {SNAPSHOT}"


async def test_the_sandbox_in_this_process_has_the_tool(era: Era) -> None:
    async with Client(create_server(Settings(environment="sandbox")), mode=era) as client:  # pyright: ignore[reportCallIssue]
        assert (await snapshot(client))["environment"] == "sandbox"


@pytest.mark.parametrize("symbol", ["BTC/USDT", "BTC USDT", "B" * 25, "<b>"])
async def test_what_cannot_be_a_symbol_is_not_sent(
    connect: Connect, signed: dict[str, object], sandbox: Sandbox, symbol: str
) -> None:
    async with connect(**signed) as client:
        result = await client.call_tool(SNAPSHOT, {"symbol": symbol})
    assert text(result) == "symbol must be one of Binance's, such as BTCUSDT."
    assert sandbox.requests == ()


async def test_an_unknown_symbol_says_what_to_do(
    connect: Connect, signed: dict[str, object], sandbox: Sandbox
) -> None:
    sandbox.arm("http_400_-1121", path="/fapi/v1/openOrders")
    async with connect(**signed) as client:
        result = await client.call_tool(SNAPSHOT, {"symbol": "BTCUSDTT"})
    assert failure(result)["code"] == "unknown_symbol"
    assert text(result) == (
        "Binance answered 400, code -1121: Invalid symbol. Call again with a symbol of USD-M "
        "Futures in sandbox, such as BTCUSDT, or without one for all symbols."
    )


@pytest.mark.parametrize(
    ("fault", "code", "advice"),
    [
        ("http_401_-2015", "rejected_api_key", "lacks the permission for Futures"),
        ("http_400_-1022", "invalid_signature", "listen keys and events need the API key only"),
        ("http_429_-1003", "too_many_requests", "Nothing is sent until the wait is over"),
        ("http_418_-1003", "ip_banned", "has banned this IP address"),
        ("http_503_-1001", "unavailable", "calling again later is safe"),
    ],
)
async def test_a_failure_says_why_and_what_to_do(  # noqa: PLR0913, PLR0917  # its cases
    connect: Connect,
    signed: dict[str, object],
    sandbox: Sandbox,
    fault: str,
    code: str,
    advice: str,
) -> None:
    sandbox.arm(fault, times=10, path="/fapi/v3/positionRisk")
    async with connect(**signed) as client:
        result = await client.call_tool(SNAPSHOT, {})
    assert failure(result)["code"] == code
    assert advice in text(result)


async def test_reading_too_often_is_refused_with_the_wait_and_listen_keys_work_meanwhile(
    connect: Connect, signed: dict[str, object]
) -> None:
    async with connect(**signed) as client:
        await create(client)
        results = [await client.call_tool(SNAPSHOT, {}) for _ in range(7)]
        assert not (await client.call_tool(CREATE, {})).is_error
        refused = results[-1]
        wait = failure(refused)["retryAfterSeconds"]
        await anyio.sleep(wait)
        assert not (await client.call_tool(SNAPSHOT, {})).is_error
    assert [result.is_error for result in results] == [False] * 6 + [True]
    assert failure(refused)["code"] == "read_budget"
    assert 10 < wait <= 60
    assert text(refused).startswith(
        "The request weight that this server lets itself use for reading is used up. Reading the "
        "account may use a quarter of what Binance allows this IP address, so that keepalives are "
        "never late. With a symbol it needs much less."
    )
    assert text(refused).endswith(f"Wait {int(wait) + 1} s before the next call.")


async def test_the_shipped_policy_admits_60_in_a_minute(
    serve: Serve, signed: dict[str, object], era: Era
) -> None:
    async with Client(serve(**signed | {"user_events": False}), mode=era) as client:
        results = [await client.call_tool(SNAPSHOT, {"symbol": "/"}) for _ in range(61)]
    assert [denial(each).get("code") for each in results] == [None] * 60 + ["limit_exceeded"]
    assert denial(results[-1])["limit"]["scope"] == "session"
