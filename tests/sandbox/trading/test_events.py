from dataclasses import replace
from decimal import Decimal

from binance_mcp.sandbox.trading.events import (
    fill_event,
    funding_event,
    order_event,
    stop_event,
    trade_event,
)
from binance_mcp.sandbox.trading.order import Order
from binance_mcp.sandbox.trading.position import Position
from binance_mcp.sandbox.trading.stop import Stop
from binance_mcp.sandbox.trading.trade import Trade

ONE, TWO, TEN = Decimal(1), Decimal(2), Decimal(10)
ORDER = Order(7, "c", "A", "BUY", "LIMIT", TWO, TEN, 5, 5)
TRADE = Trade(3, 7, "A", "BUY", ONE, TEN, Decimal("0.01"), is_maker=True, realized=TWO, time=9)


def test_a_new_order_is_an_order_trade_update_without_a_trade() -> None:
    assert order_event(ORDER) == {
        "e": "ORDER_TRADE_UPDATE",
        "E": 5,
        "T": 5,
        "o": {
            "s": "A",
            "c": "c",
            "S": "BUY",
            "o": "LIMIT",
            "f": "GTC",
            "q": "2",
            "p": "10",
            "ap": "0",
            "sp": "0",
            "x": "NEW",
            "X": "NEW",
            "i": 7,
            "l": "0",
            "z": "0",
            "L": "0",
            "T": 5,
            "t": 0,
            "b": "20",
            "a": "0",
            "m": False,
            "R": False,
            "wt": "CONTRACT_PRICE",
            "ot": "LIMIT",
            "ps": "BOTH",
            "cp": False,
            "rp": "0",
            "pP": False,
            "si": 0,
            "ss": 0,
            "V": "EXPIRE_MAKER",
            "pm": "NONE",
            "gtd": 0,
            "er": "0",
        },
    }


def test_a_fill_is_an_order_trade_update_with_its_trade_and_commission() -> None:
    content = order_event(ORDER.after_fill(ONE, TEN, 9), TRADE)["o"]

    assert isinstance(content, dict)
    assert {
        name: content[name] for name in ("x", "X", "l", "z", "L", "N", "n", "t", "m", "rp")
    } == {
        "x": "TRADE",
        "X": "PARTIALLY_FILLED",
        "l": "1",
        "z": "1",
        "L": "10",
        "N": "USDT",
        "n": "0.01",
        "t": 3,
        "m": True,
        "rp": "2",
    }


def test_what_is_left_of_an_open_order_to_sell_is_its_notional_of_asks() -> None:
    sale = replace(ORDER, side="SELL")
    ended = sale.after_end("CANCELED", 6)

    notionals = [order_event(each)["o"] for each in (sale, ended)]

    assert [isinstance(o, dict) and (o["b"], o["a"]) for o in notionals] == [
        ("0", "20"),
        ("0", "0"),
    ]


def test_a_fill_is_a_trade_lite_too() -> None:
    assert trade_event(ORDER, TRADE) == {
        "e": "TRADE_LITE",
        "E": 9,
        "T": 9,
        "s": "A",
        "q": "2",
        "p": "10",
        "m": True,
        "c": "c",
        "S": "BUY",
        "L": "10",
        "l": "1",
        "t": 3,
        "i": 7,
    }


def test_a_fill_changes_the_wallet_and_a_position() -> None:
    position = Position("A", amount=TWO, cost=Decimal(20), realized=ONE, paid=ONE, updated=9)

    assert fill_event(Decimal(100), position, Decimal(11)) == {
        "e": "ACCOUNT_UPDATE",
        "E": 9,
        "T": 9,
        "a": {
            "m": "ORDER",
            "B": [{"a": "USDT", "wb": "100", "cw": "100", "bc": "0"}],
            "P": [
                {
                    "s": "A",
                    "pa": "2",
                    "ep": "10",
                    "bep": "10.5",
                    "cr": "1",
                    "up": "2",
                    "mt": "cross",
                    "iw": "0",
                    "ps": "BOTH",
                }
            ],
        },
    }


def test_funding_changes_the_wallet_only_and_names_the_symbol() -> None:
    assert funding_event(Decimal(100), "A", Decimal(-1), 9) == {
        "e": "ACCOUNT_UPDATE",
        "E": 9,
        "T": 9,
        "a": {
            "m": "FUNDING_FEE",
            "B": [{"a": "USDT", "wb": "100", "cw": "100", "bc": "-1"}],
            "P": [],
            "S": "A",
        },
    }


def test_a_conditional_order_is_an_algo_update() -> None:
    stop = Stop(4, "c", "A", "SELL", "STOP", ONE, TEN, Decimal(9), 5, 5)

    assert stop_event(stop) == {
        "e": "ALGO_UPDATE",
        "T": 5,
        "E": 5,
        "o": {
            "caid": "c",
            "aid": 4,
            "at": "CONDITIONAL",
            "o": "STOP",
            "s": "A",
            "S": "SELL",
            "ps": "BOTH",
            "f": "GTC",
            "q": "1",
            "X": "NEW",
            "ai": "",
            "ap": "0",
            "aq": "0",
            "act": "0",
            "tp": "10",
            "p": "9",
            "V": "EXPIRE_MAKER",
            "wt": "CONTRACT_PRICE",
            "pm": "NONE",
            "cp": False,
            "pP": False,
            "R": False,
            "tt": 0,
            "gtd": 0,
            "rm": "",
        },
    }
