import json
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from random import Random
from typing import Any, Final, cast

import anyio
import pytest

from binance_mcp.clock import WallClock
from binance_mcp.futures.account_reads import AccountReads, Row
from binance_mcp.futures.binance_error import UnreadableAnswerError
from binance_mcp.futures.repair.found_events import ended, fills, placed, stop_changes
from binance_mcp.futures.user_stream.change import ENDS, Change, change_of
from binance_mcp.futures.user_stream.event import UserEvent
from binance_mcp.futures.user_stream.summary import summary
from binance_mcp.sandbox.app import Sandbox
from binance_mcp.sandbox.trading.ledger import Ledger
from binance_mcp.sandbox.trading.trading_day import trading_day
from tests.futures.user_stream.test_event import parsed
from tests.simulation.storm.machine import START_OF_A_MINUTE as START

pytestmark = pytest.mark.anyio

AT: Final = 1_700_000_040_000
RNG: Final = Random(7)  # noqa: S311  # nothing secret
SYMBOLS: Final = ("A", "B")
ORDER: Final[Row] = {
    "symbol": "A",
    "orderId": 5,
    "status": "FILLED",
    "origQty": "6",
    "executedQty": "6",
    "avgPrice": "100.5",
    "time": AT,
    "updateTime": AT + 3,
}


def trade(number: int, quantity: object, *, at: object = None) -> Row:
    time = AT + number if at is None else at
    return {"symbol": "A", "orderId": 5, "id": number, "qty": quantity, "price": "1", "time": time}


def details(events: Sequence[UserEvent], *names: str) -> list[tuple[object, ...]]:
    return [tuple(event.data["o"].get(name) for name in names) for event in events]


def by_change(events: Sequence[UserEvent]) -> dict[Change, UserEvent]:
    return {change: event for event in events if (change := change_of(event))}


@pytest.fixture
def pushed(sandbox: Sandbox) -> Callable[[], dict[Change, UserEvent]]:
    """Return what the sandbox told of orders, fills and stops, whoever received it."""
    return lambda: by_change([parsed(json.dumps(each.event)) for each in sandbox.events()])


def assert_same(found: UserEvent, pushed: UserEvent) -> None:
    """Check that two events agree in all that both have; quantities may be written otherwise."""
    assert (found.type, found.event_time, found.transaction_time, found.symbol) == (
        pushed.type,
        pushed.event_time,
        pushed.transaction_time,
        pushed.symbol,
    )
    told, shown = dict(pushed.data["o"]), dict(found.data["o"])
    if "z" in shown:
        assert Decimal(shown.pop("z")) == Decimal(told["z"])
    assert {name: told[name] for name in shown} == shown


async def test_what_is_listed_of_a_day_tells_what_the_stream_told(
    reads: AccountReads,
    ledger: Ledger,
    pushed: Callable[[], dict[Change, UserEvent]],
    server_clock: WallClock,
) -> None:
    for seconds in trading_day(RNG, ledger, SYMBOLS, steps=300):
        await anyio.sleep(seconds)
    now = server_clock()
    rows = await reads.orders(START, now)
    stops = [row for symbol in SYMBOLS for row in await reads.stops(START, now, symbol)]
    orders = {str(row["orderId"]): row for row in rows}
    trades = [await reads.trades(START, now, symbol) for symbol in SYMBOLS]

    found = by_change(
        [
            *(placed(row) for row in rows),
            *(ended(row) for row in rows if row["status"] in ENDS),
            *(event for row in stops for event in stop_changes(row)),
            *(event for each in trades for event in fills(each, orders)),
        ]
    )

    told = pushed()
    assert found.keys() == told.keys()
    assert {change[1] for change in found} == {"fill", "order", "stop"}
    assert any(change[3] == "ended" for change in found)
    for change, event in found.items():
        assert_same(event, told[change])
        if change[1] == "order":
            assert summary(event) == summary(told[change])


async def test_the_fills_of_an_order_say_how_much_of_it_was_filled_by_then(
    reads: AccountReads, ledger: Ledger, pushed: Callable[[], dict[Change, UserEvent]]
) -> None:
    number = ledger.place_order("A", "BUY", 6, 100)
    for quantity, price in ((1, 98), (2, 99), (3, 100)):
        ledger.fill(number, quantity, price)

    order = await reads.order("A", str(number))
    found = fills(await reads.trades(START, START + 1, "A"), {str(number): order})

    assert details(found, "l", "z", "X", "ap") == [
        ("1", "1", "PARTIALLY_FILLED", None),
        ("2", "3", "PARTIALLY_FILLED", None),
        ("3", "6", "FILLED", "99.33333333"),
    ]
    assert [summary(event) for event in found] == [
        summary(event) for change, event in pushed().items() if change[1] == "fill"
    ]


def test_the_fills_of_an_order_that_was_cancelled_later_do_not_fill_it() -> None:
    order = ORDER | {"status": "CANCELED", "executedQty": "3"}
    found = fills([trade(1, "1"), trade(2, "2")], {"5": order})
    states = [("1", "PARTIALLY_FILLED"), ("3", "PARTIALLY_FILLED")]
    assert details(found, "z", "X") == states


def test_a_fill_after_its_order_was_listed_adds_to_what_was_filled_by_then() -> None:
    order = ORDER | {"status": "PARTIALLY_FILLED", "executedQty": "3", "updateTime": AT + 2}
    found = fills([trade(2, "1"), trade(3, "2"), trade(4, "1")], {"5": order})
    assert details(found, "z", "X", "ap", "q") == [
        ("3", "PARTIALLY_FILLED", "100.5", "6"),
        ("5", "PARTIALLY_FILLED", None, "6"),
        ("6", "FILLED", None, "6"),
    ]


def test_a_fill_is_told_even_if_its_order_is_not_listed() -> None:
    (found,) = fills([trade(1, "1")], {})
    assert change_of(found) == ("A", "fill", "5", "1")
    assert details([found], "l", "z", "X") == [("1", None, "PARTIALLY_FILLED")]


def test_fills_are_in_the_order_in_which_they_happened() -> None:
    found = fills([trade(9, "3", at=AT), trade(2, "2"), trade(1, "1", at=AT)], {"5": ORDER})
    assert details(found, "t", "z") == [(1, "1"), (9, "4"), (2, "6")]


@pytest.mark.parametrize("quantity", ["NaN", "sNaN", "1E+999999", "-1", "", None, 2])
def test_a_quantity_that_is_no_decimal_leaves_open_what_was_filled_before(
    quantity: object,
) -> None:
    found = fills([trade(1, "1"), trade(2, quantity)], {"5": ORDER})
    assert details(found, "z", "X") == [(None, "PARTIALLY_FILLED")] * 2
    (alone,) = fills([trade(1, "1")], {"5": ORDER | {"executedQty": quantity}})
    assert details([alone], "z", "X") == [(None, "PARTIALLY_FILLED")]


def test_a_small_quantity_is_written_as_binance_writes_it() -> None:
    order = ORDER | {"origQty": "0.00000003", "executedQty": "0.00000003"}
    found = fills([trade(1, "0.00000001"), trade(2, "0.00000002")], {"5": order})
    assert details(found, "z") == [("0.00000001",), ("0.00000003",)]


def test_an_order_that_expired_against_another_of_the_account_has_expired() -> None:
    found = ended(ORDER | {"status": "EXPIRED_IN_MATCH"})
    assert details([found], "x", "X", "z") == [("EXPIRED", "EXPIRED_IN_MATCH", "6")]
    assert change_of(found) == ("A", "order", "5", "ended")


@pytest.mark.parametrize("time", [None, "soon", -1, 1.5, [], 10**14])
def test_what_has_no_time_cannot_be_told(time: object) -> None:
    makers: list[Callable[[], object]] = [
        lambda: placed(ORDER | {"time": time}),
        lambda: ended(ORDER | {"updateTime": time}),
        lambda: fills([trade(1, "1"), trade(2, "1") | {"time": time}], {}),
    ]
    for make in makers:
        with pytest.raises(UnreadableAnswerError, match="without a time"):
            make()


@pytest.mark.parametrize("value", ["\ud800", float("nan"), float("inf")])
def test_what_cannot_be_passed_on_cannot_be_told(value: object) -> None:
    with pytest.raises(UnreadableAnswerError, match="no event"):
        placed(ORDER | {"clientOrderId": value})


def test_members_that_are_not_listed_are_left_out() -> None:
    found = cast("Mapping[str, Any]", placed({"symbol": "A", "orderId": 5, "time": AT}).data["o"])
    assert dict(found) == {
        "T": AT,
        "s": "A",
        "i": 5,
        "x": "NEW",
        "X": "NEW",
        "l": "0",
        "z": "0",
        "ap": "0",
    }
