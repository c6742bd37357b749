import json
from random import Random
from typing import Any, Final

import anyio
import pytest

from binance_mcp.futures.account_reads import AccountReads
from binance_mcp.futures.repair.known_orders import KnownOrders, order_of, stop_of
from binance_mcp.sandbox.app import Sandbox
from binance_mcp.sandbox.trading.ledger import Ledger
from binance_mcp.sandbox.trading.trading_day import trading_day
from tests.futures.user_stream.documented_events import DOCUMENTED, documented
from tests.futures.user_stream.test_event import parsed

pytestmark = pytest.mark.anyio

RNG: Final = Random(7)  # noqa: S311  # nothing secret
ORDER: Final = ("BTCUSDT", "8886774")
STOP: Final = ("BNBUSDT", "2148719")


def apply(known: KnownOrders, kind: str = "ORDER_TRADE_UPDATE", **changed: Any) -> None:  # noqa: ANN401  # JSON
    known.apply(parsed(json.dumps(documented(kind, **changed))))


async def test_after_a_day_the_events_and_the_lists_know_the_same_to_be_open(
    reads: AccountReads, ledger: Ledger, sandbox: Sandbox
) -> None:
    for seconds in trading_day(RNG, ledger, ("A", "B"), steps=300):
        await anyio.sleep(seconds)
    told, listed = KnownOrders(), KnownOrders()
    for each in sandbox.events():
        told.apply(parsed(json.dumps(each.event)))
    listed.replace(await reads.open_orders(), await reads.open_stops())

    triggered = told.stops - listed.stops
    states = [(await reads.stop(number))["algoStatus"] for _, number in triggered]

    assert told.orders == listed.orders
    assert told.stops >= listed.stops
    assert set(states) == {"TRIGGERED"}
    assert any(filled != "0" for filled in told.orders.values())


def test_an_order_is_open_until_it_is_filled_or_ends() -> None:
    for status in ("FILLED", "CANCELED", "EXPIRED", "EXPIRED_IN_MATCH", "REJECTED"):
        known = KnownOrders()
        apply(known, X="NEW")
        assert known.orders == {ORDER: "0"}
        apply(known, x="TRADE", X="PARTIALLY_FILLED", z="0.0004")
        assert known.orders == {ORDER: "0.0004"}
        apply(known, X=status)
        assert known.orders == {}


def test_an_order_of_which_only_the_end_is_told_was_not_known() -> None:
    known = KnownOrders()
    apply(known, X="CANCELED")
    apply(known, "ALGO_UPDATE", X="CANCELED")
    assert (known.orders, known.stops) == ({}, set())


def test_nothing_is_filled_of_an_order_that_does_not_say_how_much() -> None:
    known = KnownOrders()
    apply(known, X="NEW", z=None)
    assert known.orders == {ORDER: "0"}


@pytest.mark.parametrize("status", ["CANCELED", "FINISHED", "REJECTED", "EXPIRED"])
def test_a_stop_is_open_until_it_ends_or_its_order_does(status: str) -> None:
    known = KnownOrders()
    for still_open in ("NEW", "TRIGGERING", "TRIGGERED"):
        apply(known, "ALGO_UPDATE", X=still_open)
        assert known.stops == {STOP}
    apply(known, "ALGO_UPDATE", X=status)
    assert known.stops == set()
    assert known.stop_symbols == {STOP[0]}


def test_other_events_and_those_without_a_number_tell_of_no_order() -> None:
    known = KnownOrders()
    apply(known, X="NEW", i=None)
    apply(known, "ALGO_UPDATE", X="NEW", aid="5")
    for frame in DOCUMENTED:
        if json.loads(frame)["e"] != "ORDER_TRADE_UPDATE":
            known.apply(parsed(frame))
    assert (known.orders, known.stops) == ({}, set())


def test_what_is_listed_replaces_what_was_told_and_is_all_there_is() -> None:
    known = KnownOrders()
    apply(known, X="NEW")
    apply(known, "ALGO_UPDATE", X="NEW")
    assert not known.is_complete

    known.replace(
        [{"symbol": "A", "orderId": 5, "executedQty": "1.5"}], [{"symbol": "B", "algoId": 6}]
    )

    assert (known.orders, known.stops) == ({("A", "5"): "1.5"}, {("B", "6")})
    assert known.symbols == {"A", "B"}
    assert known.stop_symbols == {STOP[0], "B"}
    assert known.is_complete


def test_an_order_in_a_list_is_named_by_symbol_and_number() -> None:
    row = {"symbol": "A", "orderId": 5, "algoId": 6}
    assert (order_of(row), stop_of(row)) == (("A", "5"), ("A", "6"))
    assert (order_of({}), stop_of({})) == (("", ""), ("", ""))
