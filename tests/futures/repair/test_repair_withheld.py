from datetime import UTC, datetime
from typing import Final

import anyio
import pytest

from binance_mcp.futures.account_reads import AccountReads
from binance_mcp.futures.keeper import ListenKeyKeeper
from binance_mcp.futures.repair.repair import JournalRepair
from binance_mcp.futures.user_stream.event import UserEvent
from binance_mcp.futures.user_stream.gap import GapReason
from binance_mcp.futures.user_stream.journal import Journal
from tests.futures.repair.desk import Desk
from tests.futures.user_stream.conftest import everything
from tests.simulation.storm.machine import Machine

pytestmark = pytest.mark.anyio

HOUR: Final = 3600


async def test_what_a_connected_stream_withheld_is_found_by_comparing(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    old = desk.ledger.place_order("BTCUSDT", "BUY", "2", "100")
    await anyio.sleep(2 * HOUR)
    desk.ledger.fill(old, "1", withheld=True)
    desk.ledger.fill(old, "0.5")
    desk.ledger.trade("ETHUSDT", "BUY", "1", "50", withheld=True)
    await anyio.sleep(HOUR + 120)
    assert sorted(desk.kept()) == sorted(desk.truth())
    assert desk.gap.reason is GapReason.WITHHELD
    assert desk.gap.repair is not None
    assert (desk.gap.repair.fills, desk.gap.repair.orders) == (2, 1)
    assert "the user data stream withheld 3 changes or more" in caplog.text


async def test_a_conditional_order_that_ended_unseen_is_found_by_comparing(desk: Desk) -> None:
    stop = desk.ledger.place_stop("BTCUSDT", "SELL", "1", "90")
    await anyio.sleep(HOUR)
    desk.ledger.cancel_stop(stop, withheld=True)
    await anyio.sleep(2 * HOUR)
    assert desk.kept() == desk.truth()


async def test_an_end_that_is_not_listed_any_more_is_a_gap_that_says_so(desk: Desk) -> None:
    order = desk.ledger.place_order("BTCUSDT", "BUY", "1", "100")
    stop = desk.ledger.place_stop("BTCUSDT", "SELL", "1", "90")
    await anyio.sleep(80 * HOUR)
    assert desk.journal.open_orders
    compared_until = datetime.fromtimestamp(desk.journal.open_orders.compared_until, UTC)
    until = f"{compared_until:%Y-%m-%d %H:%M:%S UTC}"
    desk.ledger.cancel(order, withheld=True)
    desk.ledger.cancel_stop(stop, withheld=True)
    await anyio.sleep(2 * HOUR)
    gaps = [gap for gap in everything(desk.journal).gaps if gap.reason is GapReason.WITHHELD]
    (problem,) = [gap.repair and gap.repair.problem for gap in gaps]
    assert problem == (
        f"how order {order} of BTCUSDT ended after {until} is not listed any more; "
        f"how conditional order {stop} of BTCUSDT ended after {until} is not listed any more"
    )


@pytest.mark.usefixtures("desk")
async def test_comparing_a_quiet_account_costs_little(reads: AccountReads) -> None:
    await anyio.sleep(HOUR)
    before = reads.spent
    await anyio.sleep(24 * HOUR)
    assert reads.spent - before == 24 * 5


async def test_comparing_waits_for_a_gap_to_end(desk: Desk) -> None:
    desk.ledger.trade("ETHUSDT", "BUY", "1", "50", withheld=True)
    await anyio.sleep(0.9 * HOUR)
    async with desk.disconnected(seconds=HOUR):
        pass
    assert sorted(desk.kept()) == sorted(desk.truth())


async def test_a_connection_that_breaks_while_comparing_is_repaired_first(desk: Desk) -> None:
    await anyio.sleep(HOUR - 120)
    count = len(desk.sandbox.requests)
    desk.sandbox.arm("http_503_-1008", path="/fapi/v1/allOrders")
    for _ in range(20_000):
        if "GET /fapi/v1/allOrders" in desk.requests_since(count):
            break
        await anyio.sleep(0.02)
    desk.network.break_all()
    await anyio.sleep(30)
    asked = desk.requests_since(count).count("GET /fapi/v1/allOrders")
    assert asked == 4  # refused, compared in vain, repaired, compared
    assert desk.journal.compared_until is not None


async def test_what_was_compared_with_doubts_is_not_said_to_agree(desk: Desk) -> None:
    desk.sandbox.arm("all_orders_need_symbol", times=100)
    await anyio.sleep(2 * HOUR)
    assert desk.journal.compared_until is None
    desk.sandbox.clear_faults()
    await anyio.sleep(2 * HOUR)
    assert desk.journal.compared_until is not None


async def test_too_many_events_are_not_compared(
    desk: Desk, machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    for number in range(20_000):
        event = UserEvent(str(number), "ACCOUNT_UPDATE", None, None, None, {})
        desk.journal.append(event, size=1, at=machine.wall_clock())
    count = len(desk.sandbox.requests)
    await anyio.sleep(HOUR)
    assert "too many events to compare" in caplog.text
    assert "GET /fapi/v1/allOrders" not in desk.requests_since(count)


@pytest.mark.usefixtures("stream")
async def test_without_a_comparison_only_gaps_are_asked_about(
    reads: AccountReads, journal: Journal, machine: Machine, keeper_at_work: ListenKeyKeeper
) -> None:
    repair = JournalRepair(reads, journal, machine.wall_clock, compare_seconds=0)
    await keeper_at_work.create()
    with anyio.move_on_after(30 * HOUR):
        await repair.run()
    assert reads.spent == 80


async def test_what_was_withheld_before_a_gap_is_told_as_withheld(desk: Desk) -> None:
    order = desk.ledger.place_order("BTCUSDT", "BUY", "1", "100")
    await anyio.sleep(600)
    desk.ledger.cancel(order, withheld=True)
    await anyio.sleep(600)
    async with desk.disconnected():
        pass
    assert desk.kept() == desk.truth()
    gaps = everything(desk.journal).gaps
    assert [gap.reason for gap in gaps] == [
        GapReason.START,
        GapReason.DISCONNECTED,
        GapReason.WITHHELD,
    ]
    assert [gap.repair and gap.repair.orders for gap in gaps] == [None, 0, 1]
    assert desk.journal.covered_since == gaps[1].until


async def test_a_fill_that_was_withheld_before_a_gap_is_found_by_the_next_comparison(
    desk: Desk,
) -> None:
    order = desk.ledger.place_order("BTCUSDT", "BUY", "1", "100")
    await anyio.sleep(600)
    desk.ledger.fill(order, "0.5", withheld=True)
    await anyio.sleep(600)
    async with desk.disconnected():
        pass
    await anyio.sleep(HOUR)
    assert desk.kept() == desk.truth()


async def test_a_gap_during_a_comparison_is_repaired_before_it_is_repeated(desk: Desk) -> None:
    desk.ledger.trade("BTCUSDT", "BUY", "1", "100", withheld=True)
    await anyio.sleep(HOUR - 60.01)
    asked = len(desk.sandbox.requests)
    for _ in range(1000):
        await anyio.sleep(0.01)
        if desk.requests_since(asked):
            break
    async with desk.disconnected():
        desk.ledger.trade("BTCUSDT", "BUY", "1", "100")
    assert sorted(desk.kept()) == sorted(desk.truth())
    await anyio.sleep(HOUR)
    assert sorted(desk.kept()) == sorted(desk.truth())


async def test_that_a_stop_was_triggered_is_found_although_the_stream_told_only_of_its_end(
    desk: Desk,
) -> None:
    desk.ledger.set_mark("BTCUSDT", "100")
    stop = desk.ledger.place_stop("BTCUSDT", "SELL", "1", "90")
    await anyio.sleep(2 * HOUR)
    order = desk.ledger.trigger_stop(stop, withheld=True)
    desk.ledger.fill(order)
    await anyio.sleep(2 * HOUR)
    assert sorted(desk.kept()) == sorted(desk.truth())
