from decimal import Decimal
from typing import Final

import anyio
import pytest

from binance_mcp.futures.account_reads import AccountReads
from binance_mcp.futures.binance_error import RejectedApiKeyError
from binance_mcp.futures.repair.inquiry import FoundEvent, Inquiry
from binance_mcp.futures.repair.known_orders import KnownOrders
from binance_mcp.futures.user_stream.change import Change, change_of
from binance_mcp.sandbox.app import Sandbox
from binance_mcp.sandbox.trading.ledger import Ledger
from tests.simulation.storm.machine import START_OF_A_MINUTE

pytestmark = pytest.mark.anyio

DAY: Final = 86_400
BTC: Final = "BTCUSDT"
ETH: Final = "ETHUSDT"


def nothing_open() -> KnownOrders:
    return KnownOrders(is_complete=True)


def inquiry(
    reads: AccountReads, span: tuple[float, float], known: KnownOrders | None = None
) -> Inquiry:
    """Return an inquiry about a span of seconds since the test began."""
    since, until = (START_OF_A_MINUTE + each for each in span)
    return Inquiry(reads, since, until, known or nothing_open())


def changes(found: list[FoundEvent]) -> list[Change | None]:
    return [change_of(each.event) for each in found]


def paths(sandbox: Sandbox) -> list[str]:
    """Return what was asked, apart from the time."""
    asked = [each.path.removeprefix("/fapi/v1/") for each in sandbox.requests]
    return [path for path in asked if path != "time"]


async def test_an_order_and_its_fills_are_in_the_order_in_which_they_happened(
    reads: AccountReads, ledger: Ledger
) -> None:
    order = ledger.place_order(BTC, "BUY", "1", "100")
    ledger.fill(order, "0.5")
    await anyio.sleep(1)
    ledger.fill(order, "0.5")
    await anyio.sleep(9)
    assert changes(await inquiry(reads, (0, 10)).answer()) == [
        (BTC, "order", "1", "placed"),
        (BTC, "fill", "1", "1"),
        (BTC, "fill", "1", "2"),
    ]


async def test_what_happened_outside_the_span_is_left_out(
    reads: AccountReads, ledger: Ledger
) -> None:
    ledger.trade(BTC, "BUY", "1", "100")
    await anyio.sleep(100)
    ledger.place_order(BTC, "BUY", "1", "100")
    await anyio.sleep(100)
    ledger.trade(BTC, "BUY", "1", "100")
    await anyio.sleep(100)
    assert changes(await inquiry(reads, (50, 150)).answer()) == [(BTC, "order", "2", "placed")]


async def test_the_end_of_an_order_that_was_open_is_found_however_early_it_was(
    reads: AccountReads, ledger: Ledger
) -> None:
    order = ledger.place_order(BTC, "BUY", "1", "100")
    stop = ledger.place_stop(ETH, "SELL", "1", "90")
    known = KnownOrders({(BTC, str(order)): Decimal(0)}, {(ETH, str(stop)): ""}, is_complete=True)
    ledger.cancel(order)
    ledger.cancel_stop(stop)
    await anyio.sleep(100)
    found = await inquiry(reads, (50, 90), known).answer()
    assert changes(found) == [
        (BTC, "order", str(order), "ended"),
        (ETH, "stop", str(stop), "ended"),
    ]
    assert [each.source for each in found] == ["GET /fapi/v1/order", "GET /fapi/v1/algoOrder"]


async def test_without_knowing_what_was_open_earlier_orders_are_found_by_income_and_lists(
    reads: AccountReads, ledger: Ledger, sandbox: Sandbox
) -> None:
    early = ledger.place_order(BTC, "BUY", "1", "100")
    await anyio.sleep(20 * DAY)
    late = ledger.place_order(ETH, "BUY", "1", "50")
    await anyio.sleep(DAY)
    ledger.fill(early)
    ledger.cancel(late)
    await anyio.sleep(10)
    asked = inquiry(reads, (21 * DAY - 10, 21 * DAY + 5), KnownOrders())
    found = await asked.answer()
    assert sorted(changes(found)) == [  # pyright: ignore[reportArgumentType]  # none is None
        (BTC, "fill", str(early), "1"),
        (ETH, "order", str(late), "ended"),
    ]
    assert asked.problem == (
        "orders placed more than 6 days earlier and ended without a fill are not found"
    )
    assert paths(sandbox).count("income") == 1
    asked.take_over()
    assert asked.known.orders == {}


async def test_a_span_over_three_days_ago_may_lack_orders_that_were_cancelled(
    reads: AccountReads, ledger: Ledger
) -> None:
    ledger.cancel(ledger.place_order(BTC, "BUY", "1", "100"))
    await anyio.sleep(4 * DAY)
    asked = inquiry(reads, (0, 10))
    assert await asked.answer() == []
    assert asked.problem == (
        "Binance does not list orders that were cancelled unfilled over 3 days ago"
    )


async def test_a_span_over_ninety_days_ago_is_not_listed(
    reads: AccountReads, ledger: Ledger
) -> None:
    ledger.trade(BTC, "BUY", "1", "100")
    await anyio.sleep(91 * DAY)
    asked = inquiry(reads, (0, 91 * DAY))
    assert await asked.answer() == []
    assert asked.problem == "Binance lists nothing that is older than 90 days"


async def test_too_many_orders_to_be_asked_for_one_by_one_are_a_loss_that_is_told(
    reads: AccountReads, ledger: Ledger
) -> None:
    orders = [ledger.place_order(BTC, "BUY", "1", "100") for _ in range(43)]
    known = KnownOrders({(BTC, str(order)): Decimal(0) for order in orders}, is_complete=True)
    await anyio.sleep(DAY)
    for order in orders:
        ledger.cancel(order)
    await anyio.sleep(10)
    asked = inquiry(reads, (DAY - 1, DAY + 5), known)
    assert len(await asked.answer()) == 40
    assert asked.lost == ["3 orders were not looked up, because they are too many"]


async def test_an_order_that_cannot_be_asked_for_fails_the_inquiry(
    reads: AccountReads, sandbox: Sandbox
) -> None:
    sandbox.arm("http_401_-2015", path="/fapi/v1/order")
    known = KnownOrders({(BTC, "7"): Decimal(0)}, is_complete=True)
    with pytest.raises(RejectedApiKeyError):
        await inquiry(reads, (0, 10), known).answer()


async def test_conditional_orders_that_cannot_be_listed_are_a_doubt(
    reads: AccountReads, ledger: Ledger, sandbox: Sandbox
) -> None:
    ledger.place_stop(BTC, "SELL", "1", "90")
    sandbox.arm("http_400_-1102", path="/fapi/v1/allAlgoOrders")
    await anyio.sleep(10)
    asked = inquiry(reads, (0, 10))
    assert changes(await asked.answer()) == [(BTC, "stop", "1", "placed")]
    assert asked.problem == "conditional orders placed and ended in that time are not found"


async def test_a_conditional_order_that_came_and_went_is_found_beside_others(
    reads: AccountReads, ledger: Ledger
) -> None:
    ledger.set_mark(BTC, "100")
    ledger.place_stop(BTC, "SELL", "1", "80")
    gone = ledger.place_stop(BTC, "SELL", "1", "90")
    ledger.fill(ledger.trigger_stop(gone))
    ledger.set_mark(ETH, "100")
    ledger.fill(ledger.trigger_stop(ledger.place_stop(ETH, "SELL", "1", "90")))
    await anyio.sleep(10)
    found = changes(await inquiry(reads, (0, 10)).answer())
    assert {each for each in found if each and each[1] == "stop"} == {
        (BTC, "stop", "1", "placed"),
        *((BTC, "stop", "2", step) for step in ("placed", "triggered", "ended")),
        *((ETH, "stop", "3", step) for step in ("placed", "triggered", "ended")),
    }


async def test_what_happened_to_a_conditional_order_after_the_span_is_left_out(
    reads: AccountReads, ledger: Ledger
) -> None:
    stop = ledger.place_stop(BTC, "SELL", "1", "80")
    await anyio.sleep(100)
    ledger.cancel_stop(stop)
    await anyio.sleep(10)
    asked = inquiry(reads, (0, 50))
    asked.active = [BTC]
    assert changes(await asked.answer()) == [(BTC, "stop", "1", "placed")]


async def test_a_brief_inquiry_lists_what_is_open_by_symbol(
    reads: AccountReads, ledger: Ledger, sandbox: Sandbox
) -> None:
    known = KnownOrders({(BTC, str(ledger.place_order(BTC, "BUY", "1", "100"))): Decimal(0)})
    known.is_complete = True
    asked = inquiry(reads, (0, 10), known)
    asked.all_orders = asked.all_stops = False
    ledger.place_order(ETH, "BUY", "1", "50")
    await anyio.sleep(10)
    await asked.answer()
    assert paths(sandbox) == ["openOrders", "openAlgoOrders", "allOrders"]
    assert reads.spent == 1 + 1 + 5


async def test_an_order_that_is_as_it_was_known_costs_no_list_of_fills(
    reads: AccountReads, ledger: Ledger, sandbox: Sandbox
) -> None:
    order = ledger.place_order(BTC, "BUY", "1", "100")
    ledger.fill(order, "0.5")
    await anyio.sleep(100)
    known = KnownOrders({(BTC, str(order)): Decimal("0.5")}, is_complete=True)
    await inquiry(reads, (50, 90), known).answer()
    assert "userTrades" not in paths(sandbox)
    assert inquiry(reads, (50, 90), known).touched() == set()


async def test_a_triggered_stop_is_not_asked_for_while_its_order_is_open(
    reads: AccountReads, ledger: Ledger, sandbox: Sandbox
) -> None:
    ledger.set_mark(BTC, "100")
    order = ledger.trigger_stop(stop := ledger.place_stop(BTC, "SELL", "1", "90"))
    await anyio.sleep(100)
    known = KnownOrders({(BTC, str(order)): Decimal(0)}, {(BTC, str(stop)): str(order)})
    known.is_complete = True
    await inquiry(reads, (50, 90), known).answer()
    assert "algoOrder" not in paths(sandbox)
    ledger.fill(order)
    await anyio.sleep(100)
    found = changes(await inquiry(reads, (150, 190), known).answer())
    assert (BTC, "stop", str(stop), "ended") in found
