import json
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from mcp import Client
from mcp.types import CallToolResult

from binance_mcp.sandbox.app import AccountKeys, Sandbox
from binance_mcp.server.tools import user_events
from tests.futures.user_stream.documented_events import DOCUMENTED, documented, fill
from tests.server.connections import (
    CLOSE,
    CREATE,
    READ,
    Connect,
    Era,
    Serve,
    another_program_closes_the_key,
    listed,
    succeeded,
    text,
)

pytestmark = pytest.mark.anyio


class Exchange:
    """The exchange's side of the account."""

    def __init__(self, sandbox: Sandbox, account: AccountKeys) -> None:
        self._sandbox = sandbox
        self._account = account

    def push(self, *events: dict[str, Any]) -> None:
        for event in events:
            self._sandbox.push(event, api_key=self._account.api_key)


@pytest.fixture
def exchange(sandbox: Sandbox, account: AccountKeys) -> Exchange:
    return Exchange(sandbox, account)


def numbers(result: CallToolResult) -> list[int]:
    return [event["sequence"] for event in succeeded(result)["events"]]


async def create(client: Client) -> None:
    succeeded(await client.call_tool(CREATE, {}))
    await anyio.sleep(1)


async def test_an_event_is_read_with_its_line_its_times_and_what_the_answer_covers(
    connect: Connect, exchange: Exchange
) -> None:
    async with connect(user_events=True) as client:
        await create(client)
        exchange.push(documented("TRADE_LITE"))
        await anyio.sleep(1)
        result = await client.call_tool(READ, {})
    found = succeeded(result)
    (event,) = found["events"]
    assert event["sequence"] == 1
    assert event["type"] == "TRADE_LITE"
    assert event["eventTime"] == "2024-07-25T08:16:48.092Z"
    assert event["transactionTime"] == "2024-07-25T08:16:48.214Z"
    assert event["symbol"] == "BTCUSDT"
    assert "data" not in event
    assert found["environment"] == "sandbox"
    assert (found["hasMore"], found["truncated"]) == (False, False)
    assert found["gaps"] == [
        {"afterSequence": 0, "until": "2026-11-18T11:06:41Z", "reason": "start"}
    ]
    assert found["coveredSince"] == "2026-11-18T11:06:41Z"
    lines = text(result).splitlines()
    assert lines[0].startswith("Events before 2026-11-18 11:06:41 UTC may be missing: ")
    assert lines[1] == f"1. 2024-07-25T08:16:48.092Z {event['summary']}"
    assert lines[2].startswith("The stream is connected since 2026-11-18 11:06:40 UTC, quiet for 1")
    assert lines[3] == f"nextCursor: {found['nextCursor']}"


# The sandbox sends `listenKeyExpired` by itself: the next test is about it.
@pytest.mark.parametrize("frame", [each for each in DOCUMENTED if "listenKeyExpired" not in each])
async def test_every_documented_event_comes_back_unchanged_in_detail(
    connect: Connect, exchange: Exchange, frame: str
) -> None:
    event = json.loads(frame)
    async with connect(user_events=True) as client:
        await create(client)
        exchange.push(event)
        await anyio.sleep(1)
        (found,) = succeeded(await client.call_tool(READ, {"detail": True}))["events"]
    assert found["data"] == event
    assert 10 < len(found["summary"]) <= 300


async def test_the_end_of_a_key_is_an_event_without_the_key(
    connect: Connect, sandbox: Sandbox, account: AccountKeys
) -> None:
    async with connect(user_events=True) as client:
        key = succeeded(await client.call_tool(CREATE, {}))["listenKey"]
        await anyio.sleep(1)
        await another_program_closes_the_key(sandbox, account)
        await anyio.sleep(2)
        result = await client.call_tool(READ, {"detail": True})
    (event,) = succeeded(result)["events"]
    assert event["type"] == "listenKeyExpired"
    assert event["data"]["listenKey"] == f"{key[:4]}…"
    assert key not in result.model_dump_json()
    assert [gap["reason"] for gap in succeeded(result)["gaps"]] == ["start", "rotation"]


async def test_a_session_goes_on_after_what_it_read_and_a_cursor_can_go_back(
    connect: Connect, exchange: Exchange
) -> None:
    async with connect(user_events=True) as client:
        await create(client)
        exchange.push(fill(1), fill(2), fill(3))
        await anyio.sleep(1)
        first = await client.call_tool(READ, {"maxEvents": 2})
        second = await client.call_tool(READ, {})
        third = await client.call_tool(READ, {})
        again = await client.call_tool(READ, {"cursor": succeeded(first)["nextCursor"]})
        oldest = await client.call_tool(READ, {"cursor": "oldest"})
    assert [numbers(each) for each in (first, second, third, again, oldest)] == [
        *([1, 2], [3], [], [3], [1, 2, 3])
    ]
    assert succeeded(first)["hasMore"] is True
    assert "There are more: call again with nextCursor." in text(first)
    assert text(third).startswith("No events arrived; the stream had no break.")


async def test_sessions_read_at_their_own_pace(serve: Serve, era: Era, exchange: Exchange) -> None:
    server = serve(user_events=True)
    async with Client(server, mode=era) as client:
        await create(client)
        cursors, read = ["oldest"] * 10, [list[int]() for _ in range(10)]
        for number in range(1, 31):
            exchange.push(fill(number))
            await anyio.sleep(10)
            for reader in range(10):
                if number % (reader + 1) == 0 or number == 30:
                    result = await client.call_tool(READ, {"cursor": cursors[reader]})
                    cursors[reader] = succeeded(result)["nextCursor"]
                    read[reader] += numbers(result)
    assert read == [list(range(1, 31))] * 10


async def test_a_call_waits_for_the_next_event_and_is_woken_by_it(
    connect: Connect, exchange: Exchange
) -> None:
    told: list[str | None] = []

    async def progress(progress: float, total: float | None, message: str | None) -> None:
        await anyio.lowlevel.checkpoint()
        assert (total, progress < 25) == (55, True)
        told.append(message)

    async def later() -> None:
        await anyio.sleep(25)
        exchange.push(fill(1))

    async with connect(user_events=True) as client:
        await create(client)
        started = anyio.current_time()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(later)
            wait = {"waitSeconds": 55}
            result = await client.call_tool(READ, wait, progress_callback=progress)
            assert numbers(result) == [1]
        assert anyio.current_time() - started == pytest.approx(25, abs=0.5)
    assert len(told) == 2
    assert "The stream is connected since" in str(told[0])


async def test_a_wait_ends_with_its_time_and_says_that_nothing_is_known(connect: Connect) -> None:
    async with connect(user_events=True) as client:
        await create(client)
        started = anyio.current_time()
        result = await client.call_tool(READ, {"waitSeconds": 20, "eventTypes": ["MARGIN_CALL"]})
        assert anyio.current_time() - started == pytest.approx(20, abs=0.5)
    assert numbers(result) == []


async def test_without_a_key_a_wait_ends_at_once_and_says_what_to_do(connect: Connect) -> None:
    async with connect(user_events=True) as client:
        started = anyio.current_time()
        result = await client.call_tool(READ, {"waitSeconds": 50})
        assert anyio.current_time() - started < 1
    assert "coveredSince" not in succeeded(result)
    assert text(result).startswith("No events arrived; whether something happened is not known.")
    assert "there is no active listen key. BinanceFuturesCreateListenKey creates one" in text(
        result
    )


async def test_events_are_chosen_by_type_symbol_age_and_number(
    connect: Connect, exchange: Exchange
) -> None:
    async with connect(user_events=True) as client:
        await create(client)
        exchange.push(fill(1), documented("ACCOUNT_UPDATE"))
        await anyio.sleep(100)
        exchange.push(fill(2), documented("MARGIN_CALL"))
        await anyio.sleep(1)
        chosen = [
            numbers(await client.call_tool(READ, {"cursor": "oldest"} | arguments))
            for arguments in (
                {"eventTypes": ["ACCOUNT_UPDATE", "MARGIN_CALL"]},
                {"symbol": "ethusdt", "maxEvents": 9},
                {"maxAgeSeconds": 50},
                {"maxEvents": 1},
            )
        ]
    assert chosen == [[2, 4], [2, 4], [3, 4], [1]]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"eventTypes": ["ORDER_UPDATE"]}, "Did you mean ORDER_TRADE_UPDATE? Known: ACCOUNT_"),
        ({"eventTypes": ["%%%"]}, "Unknown event type: %%%. Known: "),
        ({"cursor": "x"}, 'cursor must be nextCursor of an earlier result, or "oldest"'),
        ({"waitSeconds": 56}, "waitSeconds: Input should be less than or equal to 55"),
        ({"maxEvents": 0}, "maxEvents: Input should be greater than or equal to 1"),
    ],
)
async def test_arguments_that_cannot_be_used_say_what_to_do(
    connect: Connect, arguments: dict[str, object], complaint: str
) -> None:
    async with connect(user_events=True) as client:
        result = await client.call_tool(READ, arguments)
    assert result.is_error
    assert complaint in text(result)


async def test_gaps_stand_between_the_events_and_many_of_them_are_joined(
    connect: Connect, sandbox: Sandbox, exchange: Exchange
) -> None:
    async with connect(user_events=True) as client:
        await create(client)
        for number in range(30):
            exchange.push(fill(number))
            await anyio.sleep(70)
            sandbox.drop_streams()
            await anyio.sleep(70)
        result = await client.call_tool(READ, {})
    gaps = succeeded(result)["gaps"]
    assert len(gaps) == 20
    assert "since" not in gaps[0]
    assert {gap["reason"] for gap in gaps[1:]} == {"disconnected"}
    assert [gap["afterSequence"] for gap in gaps[-3:]] == [28, 29, 30]
    lines = text(result).splitlines()
    assert lines[-3].startswith("Events between ")
    assert lines[-4].startswith("30. ")


async def test_a_closed_key_leaves_events_readable(connect: Connect, exchange: Exchange) -> None:
    async with connect(user_events=True) as client:
        await create(client)
        exchange.push(fill(1))
        await anyio.sleep(1)
        await client.call_tool(CLOSE, {})
        await anyio.sleep(1)
        result = await client.call_tool(READ, {"eventTypes": ["ORDER_TRADE_UPDATE"]})
    assert numbers(result) == [1]
    assert [gap["reason"] for gap in succeeded(result)["gaps"]] == ["start", "no_key"]


async def test_the_tool_is_not_there_if_events_are_turned_off(connect: Connect) -> None:
    async with connect(user_events=False) as client:
        assert READ not in await listed(client)
        resources = (await client.list_resources()).resources
    assert [str(each.uri) for each in resources] == ["binance://futures/listen-key"]


async def test_a_wait_that_is_cancelled_leaves_nothing_behind(
    connect: Connect, exchange: Exchange
) -> None:
    async with connect(user_events=True) as client:
        await create(client)
        with anyio.move_on_after(5):
            await client.call_tool(READ, {"waitSeconds": 50})
        exchange.push(fill(1))
        await anyio.sleep(1)
        assert numbers(await client.call_tool(READ, {})) == [1]


async def test_the_position_of_the_least_recent_of_too_many_sessions_is_forgotten(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(user_events, "_MOST_SESSIONS", 0)
    async with connect(user_events=True) as client:
        first = succeeded(await client.call_tool(READ, {}))
        assert succeeded(await client.call_tool(READ, {})) == first
