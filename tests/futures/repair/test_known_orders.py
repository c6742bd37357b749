import json
import math
from decimal import Decimal
from random import Random
from typing import Any, Final

import anyio
import pytest

from binance_mcp.futures.account_reads import AccountReads, Row
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
    listed.take_over(await reads.open_orders(), await reads.open_stops(), math.inf)

    triggered = told.stops.keys() - listed.stops.keys()
    states = [(await reads.stop(number))["algoStatus"] for _, number in triggered]

    assert told.orders == listed.orders
    assert told.stops.keys() >= listed.stops.keys()
    assert set(states) == {"TRIGGERED"}
    assert any(filled for filled in told.orders.values())


@pytest.mark.parametrize(
    "status", ["FILLED", "CANCELED", "EXPIRED", "EXPIRED_IN_MATCH", "REJECTED"]
)
def test_an_order_is_open_until_it_is_filled_or_ends(status: str) -> None:
    known = KnownOrders()
    apply(known, X="NEW")
    assert known.orders == {ORDER: 0}
    apply(known, x="TRADE", X="PARTIALLY_FILLED", z="0.0004")
    assert known.orders == {ORDER: Decimal("0.0004")}
    apply(known, X=status)
    assert known.orders == {}


def test_events_that_are_read_late_make_nothing_what_it_was_before() -> None:
    known = KnownOrders()
    apply(known, x="TRADE", X="PARTIALLY_FILLED", z="0.0004")
    apply(known, X="NEW", z="0")
    assert known.orders == {ORDER: Decimal("0.0004")}
    apply(known, X="CANCELED")
    apply(known, X="NEW")
    apply(known, "ALGO_UPDATE", X="CANCELED")
    apply(known, "ALGO_UPDATE", X="NEW")
    assert (known.orders, known.stops) == ({}, {})


def test_ends_are_remembered_for_a_long_time_but_not_for_ever() -> None:
    known = KnownOrders()
    for number in range(1, 10_002):
        apply(known, X="CANCELED", i=number)
    for number in (1, 2):
        apply(known, X="NEW", i=number)
    assert known.orders == {(ORDER[0], "1"): 0}


def test_an_order_of_which_only_the_end_is_told_was_not_known() -> None:
    known = KnownOrders()
    apply(known, X="CANCELED")
    apply(known, "ALGO_UPDATE", X="CANCELED")
    assert (known.orders, known.stops) == ({}, {})


def test_nothing_is_filled_of_an_order_that_does_not_say_how_much() -> None:
    known = KnownOrders()
    apply(known, X="NEW", z=None)
    assert known.orders == {ORDER: 0}


@pytest.mark.parametrize("status", ["CANCELED", "FINISHED", "REJECTED", "EXPIRED"])
def test_a_stop_is_open_until_it_ends_or_its_order_does(status: str) -> None:
    known = KnownOrders()
    for still_open in ("NEW", "TRIGGERING", "TRIGGERED"):
        apply(known, "ALGO_UPDATE", X=still_open, ai="9" if still_open == "TRIGGERED" else "")
        assert known.stops == {STOP: "9" if still_open == "TRIGGERED" else ""}
    apply(known, "ALGO_UPDATE", X=status)
    assert known.stops == {}
    assert known.stop_symbols == {STOP[0]}


def test_a_stop_whose_order_has_ended_is_asked_for_unless_it_was_told_to_be_triggered() -> None:
    known = KnownOrders()
    apply(known, "ALGO_UPDATE", X="NEW", ai="")
    apply(known, "ALGO_UPDATE", X="FINISHED", ai="9")
    assert known.stops == {STOP: ""}
    apply(known, "ALGO_UPDATE", X="TRIGGERED", ai="9")
    apply(known, "ALGO_UPDATE", X="FINISHED", ai="9")
    assert known.stops == {}


def test_other_events_and_those_without_a_number_tell_of_no_order() -> None:
    known = KnownOrders()
    apply(known, X="NEW", i=None)
    apply(known, "ALGO_UPDATE", X="NEW", aid="5")
    for frame in DOCUMENTED:
        if json.loads(frame)["e"] != "ORDER_TRADE_UPDATE":
            known.apply(parsed(frame))
    assert (known.orders, known.stops) == ({}, {})


def row(number: int, status: str, *, filled: str = "0", updated: int = 1000) -> Row:
    """Return an order, or a conditional order."""
    return {
        "symbol": "A",
        "orderId": number,
        "algoId": number,
        "status": status,
        "algoStatus": status,
        "executedQty": filled,
        "updateTime": updated,
    }


def test_all_that_is_listed_as_open_is_known_unless_all_was_known() -> None:
    known = KnownOrders()
    apply(known, X="NEW")
    assert not known.is_complete
    known.take_over([row(5, "NEW", filled="1.5")], [row(6, "NEW")], math.inf)
    assert known.orders == {ORDER: 0, ("A", "5"): Decimal("1.5")}
    assert known.stops == {("A", "6"): ""}
    assert known.symbols == {ORDER[0], "A"}
    assert known.stop_symbols == {"A"}

    known.is_complete = True
    known.take_over([row(5, "NEW", filled="2"), row(7, "NEW")], [row(8, "NEW")], math.inf)
    assert known.orders == {ORDER: 0, ("A", "5"): 2}
    assert known.stops == {("A", "6"): ""}


def test_what_is_listed_to_have_ended_by_then_is_not_open_any_more() -> None:
    known = KnownOrders(
        {("A", "5"): Decimal(0), ("A", "6"): Decimal(0)}, {("A", "7"): "", ("A", "8"): ""}
    )
    known.take_over(
        [row(5, "FILLED"), row(6, "CANCELED", updated=1001)],
        [row(7, "CANCELED"), row(8, "FINISHED", updated=1001)],
        1.0,
    )
    assert (known.orders, known.stops) == ({("A", "6"): 0}, {("A", "8"): ""})
    known.forget([("A", "6")], [("A", "8")])
    assert (known.orders, known.stops) == ({}, {})


def test_what_was_open_is_known_again_in_the_next_process() -> None:
    known = KnownOrders({ORDER: Decimal("0.0000001")}, {STOP: "9"})
    again = KnownOrders()
    again.restore(known.as_of(7, 1.0))
    assert known.as_of(7, 1.0).after == 7
    assert (again.orders, again.stops) == (known.orders, known.stops)
    assert again.stop_symbols == {STOP[0]}
    assert again.is_complete
    again.clear()
    assert (again.symbols, again.is_complete) == (set(), False)


def test_an_order_in_a_list_is_named_by_symbol_and_number() -> None:
    listed = {"symbol": "A", "orderId": 5, "algoId": 6}
    assert (order_of(listed), stop_of(listed)) == (("A", "5"), ("A", "6"))
    assert (order_of({}), stop_of({})) == (("", ""), ("", ""))
