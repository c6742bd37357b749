import json

import pytest

from binance_mcp.futures.user_stream.event import parse_frame
from binance_mcp.futures.user_stream.store import Entry
from binance_mcp.futures.user_stream.wanted import Wanted
from tests.futures.user_stream.documented_events import documented


def entry(kind: str, **changed: object) -> Entry:
    event = parse_frame(json.dumps(documented(kind, **changed)))
    assert event is not None
    return Entry(1, 1000.0, 10, event)


@pytest.mark.parametrize(
    ("wanted", "is_wanted"),
    [
        (Wanted(), True),
        (Wanted(types=frozenset(["ACCOUNT_UPDATE", "X"])), True),
        (Wanted(types=frozenset(["MARGIN_CALL"])), False),
        (Wanted(symbol="ETHUSDT"), True),
        (Wanted(symbol="BNBUSDT"), False),
        (Wanted(since=1000.0), True),
        (Wanted(since=1001.0), False),
    ],
)
def test_an_event_is_wanted_by_type_symbol_and_age(wanted: Wanted, *, is_wanted: bool) -> None:
    assert wanted(entry("ACCOUNT_UPDATE")) is is_wanted


def test_the_symbol_of_an_order_or_of_a_margin_call_counts() -> None:
    assert Wanted(symbol="BTCUSDT")(entry("ORDER_TRADE_UPDATE"))
    assert not Wanted(symbol="ETHUSDT")(entry("ORDER_TRADE_UPDATE"))
    assert Wanted(symbol="ETHUSDT")(entry("MARGIN_CALL"))


@pytest.mark.parametrize("account", [5, {}, {"P": 5}, {"P": [5, {}, {"s": 5}]}])
def test_positions_that_are_none_concern_no_symbol(account: object) -> None:
    assert not Wanted(symbol="ETHUSDT")(entry("ACCOUNT_UPDATE", a=account))
