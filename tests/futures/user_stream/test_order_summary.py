from typing import Any, Final

import pytest

from binance_mcp.futures.user_stream.fields import Fields
from binance_mcp.futures.user_stream.order_summary import (
    algo_summary,
    order_summary,
    reject_summary,
    trade_summary,
)
from tests.futures.user_stream.documented_events import documented

FILL: Final = {
    "S": "BUY",
    "x": "TRADE",
    "X": "FILLED",
    "ps": "BOTH",
    "q": "0.010",
    "l": "0.010",
    "z": "0.010",
    "L": "64089.20",
}
LIMIT: Final = {
    "S": "BUY",
    "o": "LIMIT",
    "ps": "BOTH",
    "q": "0.010",
    "p": "64000.00",
    "sp": "0",
    "AP": "0",
    "cr": "0",
}
CANCELED: Final = {"x": "CANCELED", "X": "CANCELED"}
EXPIRED: Final = {"x": "EXPIRED", "X": "EXPIRED"}


def order(**changed: Any) -> str:  # noqa: ANN401  # JSON
    return order_summary(Fields(documented("ORDER_TRADE_UPDATE", **changed)))


def algo(**changed: Any) -> str:  # noqa: ANN401  # JSON
    event = documented("ALGO_UPDATE")
    event["o"].update({"rm": ""} | changed)
    return algo_summary(Fields(event))


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        ({}, "BUY 0.010 BTCUSDT filled at 64,089.20, order 8886774, taker"),
        ({"m": True}, "BUY 0.010 BTCUSDT filled at 64,089.20, order 8886774, maker"),
        ({"m": None}, "BUY 0.010 BTCUSDT filled at 64,089.20, order 8886774"),
        (
            {"ps": "SHORT", "n": "0.25", "rp": "-12.50"},
            (
                "BUY 0.010 BTCUSDT (SHORT position) filled at 64,089.20, order 8886774, taker, "
                "fee 0.25 USDT, realized profit -12.50"
            ),
        ),
        (
            {"X": "PARTIALLY_FILLED", "q": "0.030", "z": "0.020"},
            (
                "BUY 0.010 BTCUSDT partially filled (0.020 of 0.030) at 64,089.20, order 8886774, "
                "taker"
            ),
        ),
        (
            {"q": "0.030", "z": "0.030", "ap": "64050.10"},
            (
                "BUY 0.010 BTCUSDT filled at 64,089.20, completing order 8886774 "
                "(0.030 at an average of 64,050.10), taker"
            ),
        ),
        (
            {"x": "CALCULATED", "c": "autoclose-17", "m": None},
            "LIQUIDATION: BUY 0.010 BTCUSDT filled at 64,089.20, order 8886774",
        ),
        (
            {"c": "adl_autoclose", "m": None},
            "AUTO-DELEVERAGING: BUY 0.010 BTCUSDT filled at 64,089.20, order 8886774",
        ),
        (
            {"c": "settlement_autoclose-1", "m": None},
            "SETTLEMENT: BUY 0.010 BTCUSDT filled at 64,089.20, order 8886774",
        ),
        (
            {"x": "CALCULATED", "m": None},
            (
                "LIQUIDATION OR AUTO-DELEVERAGING: BUY 0.010 BTCUSDT filled at 64,089.20, "
                "order 8886774"
            ),
        ),
        (
            {"S": 1.5, "l": None, "L": [], "i": {}, "m": None, "s": "a b"},
            (
                "unknown side unknown quantity unknown symbol filled at unknown price, "
                "completing order unknown id (0.010)"
            ),
        ),
    ],
)
def test_a_fill_says_how_much_at_what_price_and_at_what_cost(
    changed: dict[str, Any], line: str
) -> None:
    assert order(**FILL | changed) == line


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        ({}, "BUY 0.010 BTCUSDT LIMIT order 8886774 placed, price 64,000.00"),
        (
            {"o": "MARKET", "p": "0"},
            "BUY 0.010 BTCUSDT MARKET order 8886774 placed",
        ),
        (
            {"o": "STOP_MARKET", "p": "0", "sp": "60000", "q": "0", "cp": True},
            "BUY the whole position of BTCUSDT STOP_MARKET order 8886774 placed, stop price 60,000",
        ),
        (
            {"o": "TRAILING_STOP_MARKET", "p": "0", "AP": "7476.89", "cr": "5.0"},
            (
                "BUY 0.010 BTCUSDT TRAILING_STOP_MARKET order 8886774 placed, "
                "activation price 7,476.89, callback rate 5.0%"
            ),
        ),
        (
            {"x": "AMENDMENT", "z": "0.004", "X": "PARTIALLY_FILLED"},
            "BUY 0.010 BTCUSDT LIMIT order 8886774 amended, price 64,000.00",
        ),
        (
            CANCELED,
            "BUY 0.010 BTCUSDT LIMIT order 8886774 cancelled, price 64,000.00, nothing filled",
        ),
        (
            CANCELED | {"z": "0.004"},
            (
                "BUY 0.010 BTCUSDT LIMIT order 8886774 cancelled, price 64,000.00, "
                "of which filled: 0.004"
            ),
        ),
        (
            EXPIRED | {"er": "5"},
            (
                "BUY 0.010 BTCUSDT LIMIT order 8886774 expired, price 64,000.00, nothing filled, "
                "because: the account was liquidated"
            ),
        ),
        (
            EXPIRED | {"X": "EXPIRED_IN_MATCH", "er": "1"},
            (
                "BUY 0.010 BTCUSDT LIMIT order 8886774 expired in a match, price 64,000.00, "
                "nothing filled, because: self-trade prevention"
            ),
        ),
        (
            EXPIRED | {"er": "99"},
            "BUY 0.010 BTCUSDT LIMIT order 8886774 expired, price 64,000.00, nothing filled",
        ),
        (
            {"x": "SOMETHING", "X": "ELSE"},
            "BUY 0.010 BTCUSDT LIMIT order 8886774 changed: SOMETHING, ELSE, price 64,000.00",
        ),
        (
            {"c": "autoclose-17", "o": "LIQUIDATION"},
            "LIQUIDATION: BUY 0.010 BTCUSDT LIQUIDATION order 8886774 placed, price 64,000.00",
        ),
        (
            {"x": None, "X": None, "q": None, "o": "two words", "p": 5},
            (
                "BUY unknown quantity BTCUSDT unknown type order 8886774 changed: "
                "unknown execution type, unknown status"
            ),
        ),
    ],
)
def test_a_change_of_an_order_says_what_the_order_is_and_what_became_of_it(
    changed: dict[str, Any], line: str
) -> None:
    assert order(**LIMIT | changed) == line


def test_an_order_of_which_nothing_is_known_is_told_so() -> None:
    assert order_summary(Fields({})) == (
        "unknown side unknown quantity unknown symbol unknown type order unknown id "
        "changed: unknown execution type, unknown status"
    )


def test_a_light_trade_says_that_the_fill_comes_twice() -> None:
    assert trade_summary(Fields(documented("TRADE_LITE"))) == (
        "BUY 0.040 BTCUSDT traded at 64,089.20, order 8886774, taker "
        "(the same fill comes as ORDER_TRADE_UPDATE, too)"
    )


@pytest.mark.parametrize(
    ("changed", "ending"),
    [
        ({"X": "NEW"}, "placed, not yet triggered, trigger price 750, price 750"),
        ({"p": "0"}, "cancelled, trigger price 750"),
        ({"X": "TRIGGERING"}, "met its condition, and is sent to the matching engine, trigger"),
        ({"X": "TRIGGERED", "ai": "77"}, "triggered as order 77, trigger price 750"),
        (
            {"X": "FINISHED", "ai": "77", "aq": "0.01", "ap": "1750.5"},
            "finished as order 77, filled 0.01 at an average of 1,750.5, trigger price 750",
        ),
        (
            {"X": "REJECTED", "tp": "0", "p": "0", "rm": 'Reduce "Only"\nreject'},
            'triggered, but REJECTED, reason "Reduce \\"Only\\"\\nreject"',
        ),
        ({"X": "EXPIRED"}, "expired, trigger price 750"),
        ({"X": "ELSE"}, "ELSE, trigger price 750"),
        ({"X": 1.5, "ai": []}, "unknown status, trigger price 750"),
        ({"X": "TRIGGERED", "ai": {"a": 1}}, "triggered as order unknown id, trigger price 750"),
        ({"X": "NEW", "ia": False}, "placed, not yet triggered, trigger price 750"),
    ],
)
def test_a_conditional_order_says_whether_it_was_triggered_and_as_which_order(
    changed: dict[str, Any], ending: str
) -> None:
    line = algo(**changed)
    assert line.startswith(f"SELL 0.01 BNBUSDT TAKE_PROFIT conditional order 2148719 {ending}")


@pytest.mark.parametrize(
    ("is_active", "told"), [(False, ", not yet activated"), (True, ", activated"), (None, "")]
)
def test_a_trailing_stop_says_whether_it_is_activated(is_active: object, told: str) -> None:
    line = algo(X="NEW", o="TRAILING_STOP_MARKET", q="0", cp=True, tp="0", p="0", ia=is_active)
    assert line == (
        "SELL the whole position of BNBUSDT TRAILING_STOP_MARKET conditional order 2148719 "
        f"placed, not yet triggered{told}"
    )


def test_the_reason_of_a_rejection_is_quoted() -> None:
    assert reject_summary(Fields(documented("CONDITIONAL_ORDER_TRIGGER_REJECT"))) == (
        "conditional order 155618472834 on ETHUSDT was triggered, but REJECTED, "
        'reason "Due to the order could not be filled immediately"'
    )
