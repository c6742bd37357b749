from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import parse_qsl

import anyio
import pytest

from binance_mcp.futures.account_reads import KEPT_SECONDS, AccountReads, Row
from binance_mcp.futures.binance_error import (
    ParameterError,
    UnexpectedAnswerError,
    UnreadableAnswerError,
)
from binance_mcp.sandbox.app import Sandbox
from binance_mcp.sandbox.trading.ledger import Ledger
from tests.simulation.storm.machine import START_OF_A_MINUTE as START
from tests.simulation.storm.machine import Machine

pytestmark = pytest.mark.anyio

DAY: Final = 86_400
WEEK: Final = 7 * DAY * 1000
ALL_ORDERS: Final = "/fapi/v1/allOrders"
TRADES: Final = "/fapi/v1/userTrades"

Read = Callable[[AccountReads], Awaitable[object]]
COSTS: Final[list[tuple[Read, int]]] = [
    (lambda reads: reads.open_orders(), 40),
    (lambda reads: reads.open_orders("A"), 1),
    (lambda reads: reads.open_stops(), 40),
    (lambda reads: reads.open_stops("A"), 1),
    (lambda reads: reads.orders(START, START + 1), 5),
    (lambda reads: reads.order("A", "1"), 1),
    (lambda reads: reads.trades(START, START + 1, "A"), 5),
    (lambda reads: reads.trades(START, START + 8 * DAY, "A"), 10),
    (lambda reads: reads.income(START, START + 1), 30),
    (lambda reads: reads.account(), 5),
    (lambda reads: reads.positions(), 5),
    (lambda reads: reads.positions("A"), 5),
    (lambda reads: reads.balances(), 5),
]
"""https://developers.binance.com/docs/derivatives/usds-margined-futures/trade/rest-api"""


def numbers(rows: list[Row], name: str = "orderId") -> list[int]:
    return [row[name] for row in rows]


def asked(sandbox: Sandbox, path: str) -> list[dict[str, str]]:
    """Return the parameters with which a path was asked."""
    return [dict(parse_qsl(each.query)) for each in sandbox.requests if each.path == path]


def windows(sandbox: Sandbox, path: str) -> list[tuple[int, int]]:
    return [(int(each["startTime"]), int(each["endTime"])) for each in asked(sandbox, path)]


async def test_open_orders_are_those_that_can_still_be_filled(
    reads: AccountReads, ledger: Ledger
) -> None:
    filled, cancelled, partly, other = (
        ledger.place_order(symbol, "BUY", 2, 100) for symbol in ("A", "A", "A", "B")
    )
    ledger.fill(filled)
    ledger.cancel(cancelled)
    ledger.fill(partly, 1)

    assert numbers(await reads.open_orders()) == [partly, other]
    assert numbers(await reads.open_orders("A")) == [partly]


async def test_open_stops_are_those_that_were_not_triggered(
    reads: AccountReads, ledger: Ledger
) -> None:
    triggered, kept, other = (ledger.place_stop(symbol, "SELL", 1, 90) for symbol in "AAB")
    ledger.trigger_stop(triggered)

    assert numbers(await reads.open_stops(), "algoId") == [kept, other]
    assert numbers(await reads.open_stops("A"), "algoId") == [kept]


async def test_orders_of_a_time_are_found_whatever_became_of_them(
    reads: AccountReads, ledger: Ledger
) -> None:
    early = ledger.place_order("A", "BUY", 1, 100)
    await anyio.sleep(100)
    found = [ledger.place_order(symbol, "BUY", 1, 100) for symbol in "ABA"]
    ledger.cancel(found[0])
    ledger.fill(found[1])
    await anyio.sleep(100)
    ledger.place_order("A", "BUY", 1, 100)

    assert numbers(await reads.orders(START + 50, START + 150)) == found
    assert numbers(await reads.orders(START + 50, START + 150, "B")) == [found[1]]
    assert numbers(await reads.orders(START, START)) == [early]


async def test_an_order_is_read_by_its_number(reads: AccountReads, ledger: Ledger) -> None:
    number = ledger.place_order("A", "BUY", 3, 100)

    order = await reads.order("A", str(number))
    assert (order["orderId"], order["origQty"], order["status"]) == (number, "3", "NEW")
    with pytest.raises(UnexpectedAnswerError) as refused:
        await reads.order("B", str(number))
    assert refused.value.code == -2013


async def test_fills_are_those_of_one_symbol(reads: AccountReads, ledger: Ledger) -> None:
    for symbol in "ABA":
        ledger.trade(symbol, "BUY", 1, 100)

    rows = await reads.trades(START, START + 1, "A")

    assert [(row["symbol"], row["id"]) for row in rows] == [("A", 1), ("A", 2)]


async def test_income_is_of_every_symbol_and_kind(reads: AccountReads, ledger: Ledger) -> None:
    ledger.trade("A", "BUY", 1, 100, commission="0.05")
    ledger.fund("A", "0.001")

    rows = await reads.income(START, START + 1)

    found = [(row["incomeType"], row["income"]) for row in rows]
    assert found == [("COMMISSION", "-0.05"), ("FUNDING_FEE", "-0.1")]


async def test_balances_and_positions_are_read_as_they_are_now(
    reads: AccountReads, ledger: Ledger
) -> None:
    for symbol in "AB":
        ledger.trade(symbol, "BUY", 1, 100, commission="0.05")

    assert (await reads.account())["totalWalletBalance"] == "9999.9"
    assert [row["balance"] for row in await reads.balances()] == ["9999.9"]
    assert [row["symbol"] for row in await reads.positions()] == ["A", "B"]
    assert [row["positionAmt"] for row in await reads.positions("B")] == ["1"]


@pytest.mark.parametrize(("read", "cost"), COSTS)
async def test_a_read_is_counted_with_the_weight_that_binance_counts(
    read: Read, cost: int, reads: AccountReads, ledger: Ledger
) -> None:
    ledger.place_order("A", "BUY", 1, 100)
    await reads.rest_api.read("/fapi/v1/order", {"symbol": "A", "orderId": 1})  # and the time
    before = reads.rest_api.weight.used or 0

    await read(reads)

    assert reads.spent == (reads.rest_api.weight.used or 0) - before == cost


async def test_months_are_asked_for_by_windows_that_leave_out_and_repeat_nothing(
    reads: AccountReads, sandbox: Sandbox
) -> None:
    await reads.orders(START + 0.0004, START + 90 * DAY + 0.0005)

    asked_for = windows(sandbox, ALL_ORDERS)
    assert all(last - first < WEEK for first, last in asked_for)
    assert asked_for[0][0] == START * 1000
    assert asked_for[-1][1] == (START + 90 * DAY) * 1000 + 1
    ends, beginnings = [last for _, last in asked_for], [first for first, _ in asked_for]
    assert [end + 1 for end in ends[:-1]] == beginnings[1:]


async def test_what_happened_between_two_windows_is_found_once(
    reads: AccountReads, ledger: Ledger, machine: Machine
) -> None:
    await anyio.sleep(1.0005)
    first = machine.wall_clock()
    for milliseconds in (-1, 0, 1, 2):
        await machine.until(first - START + 6.9 * DAY + milliseconds / 1000)
        ledger.trade("A", "BUY", 1, 100)

    trades = await reads.trades(first, machine.wall_clock(), "A")

    assert numbers(trades, "id") == [1, 2, 3, 4]


async def test_nothing_is_asked_about_no_time(reads: AccountReads, sandbox: Sandbox) -> None:
    assert await reads.orders(START + 1, START) == []
    assert sandbox.requests == ()
    assert reads.spent == 0


async def test_what_is_older_than_binance_keeps_can_be_asked_for(
    reads: AccountReads, ledger: Ledger, machine: Machine
) -> None:
    for _ in range(2):
        ledger.trade("A", "BUY", 1, 100)
        await anyio.sleep(50 * DAY)

    now = machine.wall_clock()
    assert numbers(await reads.trades(now - KEPT_SECONDS, now, "A"), "id") == [2]


async def test_a_full_page_is_halved_until_every_row_is_found(
    reads: AccountReads, ledger: Ledger, sandbox: Sandbox, machine: Machine
) -> None:
    for _ in range(2500):
        ledger.trade("A", "BUY", 1, 100)
        await anyio.sleep(0.01)

    trades = await reads.trades(START, machine.wall_clock(), "A")

    assert numbers(trades, "id") == list(range(1, 2501))
    assert [each["limit"] for each in asked(sandbox, TRADES)] == ["1000"] * 7
    assert reads.spent == 35


async def test_as_many_rows_of_one_millisecond_as_a_page_has_are_an_error(
    reads: AccountReads, ledger: Ledger
) -> None:
    for _ in range(999):
        ledger.trade("A", "BUY", 1, 100)
    assert len(await reads.trades(START, START + 1, "A")) == 999

    ledger.book.trades += ledger.book.trades[:1]
    with pytest.raises(UnreadableAnswerError, match=r"^/fapi/v1/userTrades has more rows of one"):
        await reads.trades(START, START + 1, "A")


async def test_all_orders_of_a_symbol_can_be_read_where_those_of_all_cannot(
    reads: AccountReads, ledger: Ledger, sandbox: Sandbox
) -> None:
    number = ledger.place_order("A", "BUY", 1, 100)
    sandbox.arm("all_orders_need_symbol", times=2)

    with pytest.raises(ParameterError):
        await reads.orders(START, START + 1)
    assert numbers(await reads.orders(START, START + 1, "A")) == [number]


async def test_a_read_that_fails_once_is_repeated(
    reads: AccountReads, ledger: Ledger, sandbox: Sandbox, sent: Callable[[], list[str]]
) -> None:
    ledger.trade("A", "BUY", 1, 100)
    sandbox.arm("http_503_-1001", path=TRADES, after=1)

    for _ in range(2):
        assert numbers(await reads.trades(START, START + 1, "A"), "id") == [1]

    assert sent() == ["GET 200", "GET 200", "GET 503", "GET 200"]
