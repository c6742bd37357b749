from random import Random
from typing import Final

import anyio
import pytest

from binance_mcp.sandbox.app import AccountKeys
from binance_mcp.sandbox.trading.trading_day import trading_day
from tests.futures.repair.desk import Desk
from tests.futures.user_stream.conftest import everything
from tests.server.connections import another_program_closes_the_key

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


async def test_a_stop_that_came_and_went_is_found_where_one_was_seen_before(desk: Desk) -> None:
    desk.ledger.cancel_stop(desk.ledger.place_stop("BTCUSDT", "SELL", "1", "90"))
    await anyio.sleep(HOUR)
    for _ in range(2):
        async with desk.disconnected():
            desk.ledger.cancel_stop(desk.ledger.place_stop("BTCUSDT", "SELL", "1", "80"))
    assert desk.kept() == desk.truth()


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
    desk.sandbox.arm("http_503_-1008", times=30, path="/fapi/v1/openAlgoOrders")
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
    desk.sandbox.arm("http_503_-1008", times=160, path="/fapi/v1/openAlgoOrders")
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
    [("http_429_-1003", 9), ("http_502_html", 60), ("reset", 60), ("not_json_200", 30)],
)
async def test_a_repair_that_fails_is_tried_again(desk: Desk, fault: str, times: int) -> None:
    desk.sandbox.arm(fault, times=times, path="/fapi/v1/allOrders")
    async with desk.disconnected():
        desk.ledger.trade("BTCUSDT", "BUY", "1", "100")
    assert desk.gap.repair is None
    await anyio.sleep(HOUR)
    assert desk.gap.repair is not None
    assert desk.kept() == desk.truth()


async def test_answers_that_can_never_be_read_make_a_gap_not_repairable(desk: Desk) -> None:
    desk.sandbox.arm("not_json_200", times=1000, path="/fapi/v1/allOrders")
    async with desk.disconnected():
        desk.ledger.trade("BTCUSDT", "BUY", "1", "100")
    await anyio.sleep(HOUR / 2)
    assert desk.gap.repair is not None
    assert desk.gap.repair.is_refused
    desk.sandbox.clear_faults()
    async with desk.disconnected():
        desk.ledger.trade("BTCUSDT", "BUY", "1", "100")
    assert [each.event.data["o"]["t"] for each in desk.repaired if "t" in each.event.data["o"]] == [
        2
    ]


async def test_without_permission_a_gap_is_not_repairable_and_says_why(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.sandbox.arm("http_401_-2015", times=4, path="/fapi/v1/openAlgoOrders")
    for _ in range(2):
        async with desk.disconnected():
            desk.ledger.trade("BTCUSDT", "BUY", "1", "100")
        assert desk.gap.repair is not None
        assert "code -2015" in (desk.gap.repair.problem or "")
    warnings = [each for each in caplog.messages if "cannot be read" in each]
    assert len(warnings) == 1


async def test_it_repairs_again_as_soon_as_it_has_the_permission(desk: Desk) -> None:
    desk.sandbox.arm("http_401_-2015", path="/fapi/v1/openAlgoOrders")
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


async def test_what_is_open_is_listed_again_if_a_gap_began_meanwhile(desk: Desk) -> None:
    desk.repair.known.is_complete = False
    desk.ledger.trade("BTCUSDT", "BUY", "1", "100")  # it wakes the repair, which lists
    await anyio.sleep(0.21)
    async with desk.disconnected():
        assert not desk.repair.known.is_complete
    assert desk.repair.known.is_complete
    assert desk.kept() == desk.truth()
