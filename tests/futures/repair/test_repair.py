from pathlib import Path
from random import Random
from typing import Final

import anyio
import pytest

from binance_mcp.futures.account_reads import AccountReads
from binance_mcp.futures.keeper import ListenKeyKeeper
from binance_mcp.futures.repair.repair import JournalRepair
from binance_mcp.futures.user_stream.gap import GapReason
from binance_mcp.futures.user_stream.journal import Journal
from binance_mcp.futures.user_stream.stream import UserStream
from binance_mcp.sandbox.app import AccountKeys
from binance_mcp.sandbox.trading.trading_day import trading_day
from tests.futures.repair.desk import Desk
from tests.server.connections import another_program_closes_the_key
from tests.simulation.storm.machine import Machine

pytestmark = pytest.mark.anyio

HOUR: Final = 3600


async def test_what_happened_while_it_was_disconnected_is_read_and_marked(desk: Desk) -> None:
    order = desk.ledger.place_order("BTCUSDT", "BUY", "1", "100")
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
