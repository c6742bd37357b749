from random import Random
from typing import Final

import anyio
import pytest

from binance_mcp.futures.account_reads import AccountReads
from binance_mcp.futures.keeper import ListenKeyKeeper
from binance_mcp.futures.repair.repair import JournalRepair
from binance_mcp.futures.user_stream.event import UserEvent
from binance_mcp.futures.user_stream.gap import GapReason
from binance_mcp.futures.user_stream.journal import Journal
from binance_mcp.sandbox.app import AccountKeys
from binance_mcp.sandbox.trading.trading_day import trading_day
from tests.futures.repair.desk import Desk
from tests.futures.user_stream.conftest import everything
from tests.server.connections import another_program_closes_the_key
from tests.simulation.storm.machine import Machine

pytestmark = pytest.mark.anyio

HOUR: Final = 3600


async def test_what_happened_while_it_was_disconnected_is_read_and_marked(desk: Desk) -> None:
    order = desk.ledger.place_order("BTCUSDT", "BUY", "1", "100")
    await anyio.sleep(10)
    async with desk.disconnected():
        desk.ledger.fill(order, "0.4")
        desk.ledger.fill(order, "0.6")
        await anyio.sleep(0.1)
        other = desk.ledger.place_order("ETHUSDT", "SELL", "2", "50")
        await anyio.sleep(0.1)
        desk.ledger.cancel(other)
    desk.ledger.place_order("BTCUSDT", "BUY", "1", "90")
    await anyio.sleep(1)
    assert desk.kept() == desk.truth()
    sources = [each.source for each in desk.repaired]
    assert sources == [
        "GET /fapi/v1/userTrades",
        "GET /fapi/v1/userTrades",
        "GET /fapi/v1/allOrders",
        "GET /fapi/v1/allOrders",
    ]
    repair = desk.gap.repair
    assert repair is not None
    assert (repair.fills, repair.orders, repair.problem) == (2, 2, None)
    assert repair.at - (desk.gap.until or 0) < 5


async def test_a_gap_in_which_nothing_happened_is_repaired_with_nothing(desk: Desk) -> None:
    async with desk.disconnected():
        pass
    repair = desk.gap.repair
    assert repair is not None
    assert (repair.fills, repair.orders, repair.problem) == (0, 0, None)


async def test_the_orders_that_are_open_are_listed_once_and_then_known(desk: Desk) -> None:
    desk.ledger.place_order("BTCUSDT", "BUY", "1", "100", withheld=True)
    async with desk.disconnected():
        pass
    count = len(desk.sandbox.requests)
    async with desk.disconnected():
        pass
    reads = [each for each in desk.requests_since(count) if each.startswith("GET /fapi")]
    assert reads == [
        "GET /fapi/v1/openOrders",
        "GET /fapi/v1/openAlgoOrders",
        "GET /fapi/v1/allOrders",
    ]


async def test_an_order_that_is_gone_is_asked_for_by_its_number(desk: Desk) -> None:
    order = desk.ledger.place_order("BTCUSDT", "BUY", "1", "100")
    await anyio.sleep(HOUR * 20)
    async with desk.disconnected():
        desk.ledger.cancel(order)
    assert [each.source for each in desk.repaired] == ["GET /fapi/v1/order"]
    assert desk.kept() == desk.truth()


async def test_how_conditional_orders_went_on_is_read(desk: Desk) -> None:
    desk.ledger.set_mark("BTCUSDT", "100")
    first = desk.ledger.place_stop("BTCUSDT", "SELL", "1", "90")
    second = desk.ledger.place_stop("BTCUSDT", "SELL", "1", "80")
    await anyio.sleep(HOUR * 20)
    async with desk.disconnected():
        desk.ledger.cancel_stop(first)
        order = desk.ledger.trigger_stop(second)
        desk.ledger.place_stop("BTCUSDT", "SELL", "1", "70")
    async with desk.disconnected():
        desk.ledger.fill(order)
    assert sorted(desk.kept()) == sorted(desk.truth())
    assert {each.source for each in desk.repaired} >= {"GET /fapi/v1/algoOrder"}


async def test_what_arrives_after_it_was_read_is_not_added_again(desk: Desk) -> None:
    async with desk.disconnected():
        desk.ledger.trade("BTCUSDT", "BUY", "1", "100")
    (_, fill) = (
        each.event for each in desk.sandbox.events() if each.event["e"] == "ORDER_TRADE_UPDATE"
    )
    count = len(desk.kept())
    desk.sandbox.push(dict(fill))
    await anyio.sleep(1)
    assert len(desk.kept()) == count


async def test_a_rotation_and_deafness_are_repaired(desk: Desk, account: AccountKeys) -> None:
    desk.network.is_deaf = True
    desk.ledger.trade("BTCUSDT", "BUY", "1", "100")
    await anyio.sleep(10)
    desk.network.is_deaf = False
    await anyio.sleep(HOUR)
    desk.ledger.withholds = True
    await another_program_closes_the_key(desk.sandbox, account)
    desk.ledger.trade("BTCUSDT", "BUY", "1", "101")
    desk.ledger.withholds = False
    await anyio.sleep(HOUR)
    assert sorted(desk.kept()) == sorted(desk.truth())


async def test_gaps_close_to_one_another_are_asked_about_together(desk: Desk) -> None:
    desk.sandbox.arm("http_503_-1008", times=30, path="/fapi/v1/openOrders")
    desk.repair.compare_seconds, count = 0, len(desk.sandbox.requests)
    for _ in range(3):
        async with desk.disconnected():
            desk.ledger.trade("BTCUSDT", "BUY", "1", "100")
    await anyio.sleep(600)
    assert desk.kept() == desk.truth()
    repairs = [gap.repair for gap in everything(desk.journal).gaps if gap.repair]
    assert [repair.fills for repair in repairs] == [1, 1, 1]
    assert desk.requests_since(count).count("GET /fapi/v1/allOrders") == 1


async def test_gaps_far_from_one_another_are_asked_about_one_by_one(desk: Desk) -> None:
    desk.sandbox.arm("http_503_-1008", times=160, path="/fapi/v1/openOrders")
    desk.repair.compare_seconds, count = 0, len(desk.sandbox.requests)
    for _ in range(2):
        async with desk.disconnected():
            desk.ledger.trade("BTCUSDT", "BUY", "1", "100")
        await anyio.sleep(1.2 * HOUR)
    await anyio.sleep(3 * HOUR)
    assert desk.kept() == desk.truth()
    assert desk.requests_since(count).count("GET /fapi/v1/allOrders") == 2


async def test_a_gap_during_the_reads_is_repaired_next(desk: Desk) -> None:
    desk.network.break_all()
    await anyio.sleep(1)  # it is connected again, and reads
    desk.network.break_all()
    desk.ledger.trade("BTCUSDT", "BUY", "1", "100")
    await anyio.sleep(30)
    assert desk.kept() == desk.truth()
    assert all(gap.repair for gap in everything(desk.journal).gaps if gap.since)


@pytest.mark.parametrize(
    ("fault", "times"),
    [("http_429_-1003", 9), ("http_502_html", 60), ("reset", 60), ("not_json_200", 60)],
)
async def test_a_repair_that_fails_is_tried_again(desk: Desk, fault: str, times: int) -> None:
    desk.sandbox.arm(fault, times=times, path="/fapi/v1/allOrders")
    async with desk.disconnected():
        desk.ledger.trade("BTCUSDT", "BUY", "1", "100")
    assert desk.gap.repair is None
    await anyio.sleep(HOUR)
    assert desk.gap.repair is not None
    assert desk.kept() == desk.truth()


async def test_without_permission_a_gap_is_not_repairable_and_says_why(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.sandbox.arm("http_401_-2015", times=4, path="/fapi/v1/openOrders")
    for _ in range(2):
        async with desk.disconnected():
            desk.ledger.trade("BTCUSDT", "BUY", "1", "100")
        assert desk.gap.repair is not None
        assert "code -2015" in (desk.gap.repair.problem or "")
    warnings = [each for each in caplog.messages if "cannot be read" in each]
    assert len(warnings) == 1


async def test_it_repairs_again_as_soon_as_it_has_the_permission(desk: Desk) -> None:
    desk.sandbox.arm("http_401_-2015", path="/fapi/v1/openOrders")
    async with desk.disconnected():
        pass
    await anyio.sleep(2 * HOUR)
    order = desk.ledger.place_order("BTCUSDT", "BUY", "1", "100")
    await anyio.sleep(10)
    async with desk.disconnected():
        desk.ledger.fill(order)
    assert desk.kept() == desk.truth()
    assert desk.gap.repair is not None
    assert desk.gap.repair.problem is None


async def test_orders_are_asked_for_by_symbol_if_they_must_be(desk: Desk) -> None:
    desk.sandbox.arm("all_orders_need_symbol", times=100)
    order = desk.ledger.place_order("BTCUSDT", "BUY", "1", "100")
    await anyio.sleep(10)
    async with desk.disconnected():
        desk.ledger.fill(order)
        desk.ledger.trade("ETHUSDT", "BUY", "1", "50")
    assert sorted(desk.kept()) == sorted(desk.truth())
    assert desk.gap.repair is not None
    assert desk.gap.repair.problem == (
        "orders placed and ended unfilled in other symbols are not found"
    )


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
    desk.ledger.cancel(order, withheld=True)
    desk.ledger.cancel_stop(stop, withheld=True)
    await anyio.sleep(2 * HOUR)
    gaps = [gap for gap in everything(desk.journal).gaps if gap.reason is GapReason.WITHHELD]
    (problem,) = [gap.repair and gap.repair.problem for gap in gaps]
    assert problem == (
        f"how order {order} of BTCUSDT ended is not listed any more; "
        f"how conditional order {stop} of BTCUSDT ended is not listed any more"
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


async def test_a_day_of_trading_with_a_stream_that_breaks_is_whole(desk: Desk) -> None:
    rng = Random(3)  # noqa: S311  # nothing secret
    for pause in trading_day(rng, desk.ledger, ["BTCUSDT", "ETHUSDT"], steps=300):
        await anyio.sleep(pause)
        if rng.random() < 0.1:
            desk.network.break_all()
        desk.ledger.withholds = rng.random() < 0.05
    desk.ledger.withholds = False
    await anyio.sleep(2 * HOUR)
    assert sorted(desk.kept()) == sorted(desk.truth())
    assert len(desk.repaired) > 20


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


async def test_what_is_open_is_listed_again_if_a_gap_began_meanwhile(desk: Desk) -> None:
    desk.repair.known.is_complete = False
    desk.ledger.trade("BTCUSDT", "BUY", "1", "100")  # it wakes the repair, which lists
    await anyio.sleep(0.21)
    async with desk.disconnected():
        assert not desk.repair.known.is_complete
    assert desk.repair.known.is_complete
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
