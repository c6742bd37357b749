"""What is read later tells how the account was then, and not how it has become."""

from typing import Final

import anyio
import pytest

from binance_mcp.futures.user_stream.gap import GapReason
from tests.futures.repair.desk import Desk
from tests.futures.user_stream.conftest import everything

pytestmark = pytest.mark.anyio

HOUR: Final = 3600


async def test_a_fill_in_a_gap_says_what_was_filled_by_then_although_more_is_filled_since(
    desk: Desk,
) -> None:
    order = desk.ledger.place_order("BTCUSDT", "BUY", "1", "100")
    await anyio.sleep(10)
    desk.sandbox.arm("http_503_-1008", times=30, path="/fapi/v1/openAlgoOrders")
    async with desk.disconnected():
        desk.ledger.fill(order, "0.25")
    desk.ledger.fill(order, "0.5")
    await anyio.sleep(600)
    (fill,) = (entry.event.data["o"] for entry in desk.repaired)
    assert (fill["z"], fill["X"]) == ("0.25", "PARTIALLY_FILLED")
    assert sorted(desk.kept()) == sorted(desk.truth())


async def test_a_stop_that_was_triggered_in_a_gap_and_finished_after_it_is_told_whole(
    desk: Desk,
) -> None:
    desk.ledger.set_mark("BTCUSDT", "100")
    stop = desk.ledger.place_stop("BTCUSDT", "SELL", "1", "90")
    await anyio.sleep(HOUR)
    desk.sandbox.arm("http_503_-1008", times=30, path="/fapi/v1/openAlgoOrders")
    async with desk.disconnected():
        order = desk.ledger.trigger_stop(stop)
    desk.ledger.fill(order)
    await anyio.sleep(600)
    assert sorted(desk.kept()) == sorted(desk.truth())
    assert len(desk.kept()) == len(set(desk.kept()))


async def test_what_happens_during_a_comparison_is_left_to_the_stream(desk: Desk) -> None:
    order = desk.ledger.place_order("BTCUSDT", "BUY", "1", "100")
    await anyio.sleep(HOUR - 30)
    desk.ledger.fill(order, "0.5")
    await anyio.sleep(HOUR)
    assert desk.repaired == []
    desk.ledger.fill(order, "0.25", withheld=True)
    await anyio.sleep(HOUR)
    (fill,) = (entry.event.data["o"] for entry in desk.repaired)
    assert (fill["z"], fill["X"]) == ("0.75", "PARTIALLY_FILLED")


async def test_a_fill_withheld_just_before_a_comparison_is_found_by_the_next(desk: Desk) -> None:
    order = desk.ledger.place_order("BTCUSDT", "BUY", "1", "100")
    await anyio.sleep(HOUR - 80)  # a comparison leaves out the last minute
    desk.ledger.fill(order, "0.25", withheld=True)
    await anyio.sleep(2 * HOUR)
    assert desk.kept() == desk.truth()


async def test_an_open_order_that_was_never_told_of_is_found_by_the_next_repair(
    desk: Desk,
) -> None:
    desk.sandbox.arm("http_401_-2015", path="/fapi/v1/openAlgoOrders")
    async with desk.disconnected():
        desk.ledger.place_order("BTCUSDT", "BUY", "1", "100")
        desk.ledger.place_stop("ETHUSDT", "SELL", "1", "50")
    assert desk.kept() == []
    async with desk.disconnected():
        pass
    assert sorted(desk.kept()) == sorted(desk.truth())
    reasons = [gap.reason for gap in everything(desk.journal).gaps]
    assert GapReason.WITHHELD not in reasons  # it is known that it was disconnected then


async def test_an_open_order_that_was_never_told_of_is_found_by_comparing(desk: Desk) -> None:
    desk.sandbox.arm("http_401_-2015", path="/fapi/v1/openAlgoOrders")
    async with desk.disconnected():
        desk.ledger.place_order("BTCUSDT", "BUY", "1", "100")
    desk.ledger.trade("BTCUSDT", "BUY", "1", "100")
    await anyio.sleep(2 * HOUR)
    assert sorted(desk.kept()) == sorted(desk.truth())


async def test_a_comparison_that_is_refused_is_made_up_for_an_hour_later(desk: Desk) -> None:
    desk.ledger.trade("BTCUSDT", "BUY", "1", "100", withheld=True)
    desk.sandbox.arm("http_401_-2015", path="/fapi/v1/allOrders")
    await anyio.sleep(HOUR + 120)
    assert desk.kept() == []
    await anyio.sleep(HOUR)
    assert desk.kept() == desk.truth()


async def test_after_a_refusal_what_is_open_is_asked_for_again_without_comparing(
    desk: Desk,
) -> None:
    desk.repair.compare_seconds = 0
    desk.repair.known.clear()
    desk.sandbox.arm("http_401_-2015", path="/fapi/v1/openAlgoOrders")
    order = desk.ledger.place_order("BTCUSDT", "BUY", "1", "100")
    await anyio.sleep(HOUR - 60)
    assert not desk.repair.known.is_complete
    await anyio.sleep(120)
    assert desk.repair.known.is_complete
    assert set(desk.repair.known.orders) == {("BTCUSDT", str(order))}


async def test_what_was_not_looked_up_by_a_comparison_is_a_gap_of_its_whole_span(
    desk: Desk,
) -> None:
    order = desk.ledger.place_order("BTCUSDT", "BUY", "1", "100")
    await anyio.sleep(80 * HOUR)
    desk.ledger.cancel(order, withheld=True)
    desk.ledger.trade("ETHUSDT", "BUY", "1", "50", withheld=True)
    await anyio.sleep(2 * HOUR)
    assert desk.gap.reason is GapReason.WITHHELD
    assert desk.gap.since is not None
    assert desk.gap.until is not None
    assert desk.gap.until - desk.gap.since == pytest.approx(HOUR, abs=61)
    assert desk.gap.repair is not None
    assert desk.gap.repair.fills == 1
    assert "is not listed any more" in (desk.gap.repair.problem or "")
    await anyio.sleep(2 * HOUR)
    assert len([gap for gap in everything(desk.journal).gaps if gap.repair]) == 1


async def test_income_is_asked_for_once_in_an_inquiry(desk: Desk) -> None:
    desk.repair.known.clear()
    desk.sandbox.arm("all_orders_need_symbol", times=100)
    count = len(desk.sandbox.requests)
    async with desk.disconnected():
        desk.ledger.trade("BTCUSDT", "BUY", "1", "100")
    assert desk.requests_since(count).count("GET /fapi/v1/income") == 1
