"""The events of an account's changes, in Binance's field names.

https://developers.binance.com/docs/derivatives/usds-margined-futures/user-data-streams
"""

from decimal import Decimal
from typing import Literal

from binance_mcp.sandbox.accounts import Event
from binance_mcp.sandbox.trading.amounts import plain
from binance_mcp.sandbox.trading.order import Order
from binance_mcp.sandbox.trading.position import Position
from binance_mcp.sandbox.trading.stop import Stop
from binance_mcp.sandbox.trading.trade import Trade


def order_event(order: Order, trade: Trade | None = None) -> Event:
    """Return the ORDER_TRADE_UPDATE of an order that has just changed, by `trade` if any."""
    fee = {"N": "USDT", "n": plain(trade.commission)} if trade else {}
    notional = plain(order.remaining * order.price) if order.is_open else "0"
    content = {
        "s": order.symbol,
        "c": order.client_id,
        "S": order.side,
        "o": order.type,
        "f": order.time_in_force,
        "q": plain(order.quantity),
        "p": plain(order.price),
        "ap": plain(order.average),
        "sp": plain(order.stop_price),
        "x": "TRADE" if trade else order.status,
        "X": order.status,
        "i": order.id,
        "l": plain(trade.quantity) if trade else "0",
        "z": plain(order.filled),
        "L": plain(trade.price) if trade else "0",
        **fee,
        "T": order.updated,
        "t": trade.id if trade else 0,
        "b": notional if order.side == "BUY" else "0",
        "a": notional if order.side == "SELL" else "0",
        "m": trade.is_maker if trade else False,
        "R": order.reduce_only,
        "wt": "CONTRACT_PRICE",
        "ot": order.original_type or order.type,
        "ps": "BOTH",
        "cp": False,
        "rp": plain(trade.realized) if trade else "0",
        "pP": False,
        "si": 0,
        "ss": 0,
        "V": "EXPIRE_MAKER",
        "pm": "NONE",
        "gtd": 0,
        "er": "0",
    }
    return {"e": "ORDER_TRADE_UPDATE", "E": order.updated, "T": order.updated, "o": content}


def trade_event(order: Order, trade: Trade) -> Event:
    """Return the TRADE_LITE of a fill."""
    return {
        "e": "TRADE_LITE",
        "E": trade.time,
        "T": trade.time,
        "s": trade.symbol,
        "q": plain(order.quantity),
        "p": plain(order.price),
        "m": trade.is_maker,
        "c": order.client_id,
        "S": trade.side,
        "L": plain(trade.price),
        "l": plain(trade.quantity),
        "t": trade.id,
        "i": trade.order_id,
    }


def fill_event(wallet: Decimal, position: Position, mark: Decimal) -> Event:
    """Return the ACCOUNT_UPDATE of a fill, which has changed the wallet and a position."""
    changed = {
        "s": position.symbol,
        "pa": plain(position.amount),
        "ep": plain(position.entry_price),
        "bep": plain(position.breakeven_price),
        "cr": plain(position.realized),
        "up": plain(position.unrealized(mark)),
        "mt": "cross",
        "iw": "0",
        "ps": "BOTH",
    }
    balance = _balance(wallet, "0")
    return _account_event(position.updated, {"m": "ORDER", "B": [balance], "P": [changed]})


def funding_event(wallet: Decimal, symbol: str, fee: Decimal, time: int) -> Event:
    """Return the ACCOUNT_UPDATE of a funding fee: of cross positions it shows the balance only."""
    balance = _balance(wallet, plain(fee))
    return _account_event(time, {"m": "FUNDING_FEE", "B": [balance], "P": [], "S": symbol})


def stop_event(stop: Stop) -> Event:
    """Return the ALGO_UPDATE of a conditional order that has just changed."""
    content = {
        "caid": stop.client_id,
        "aid": stop.id,
        "at": "CONDITIONAL",
        "o": stop.type,
        "s": stop.symbol,
        "S": stop.side,
        "ps": "BOTH",
        "f": "GTC",
        "q": plain(stop.quantity),
        "X": stop.status,
        "ai": stop.actual_order_id,
        "ap": plain(stop.actual_price),
        "aq": plain(stop.actual_quantity),
        "act": "0",
        "tp": plain(stop.trigger_price),
        "p": plain(stop.price),
        "V": "EXPIRE_MAKER",
        "wt": "CONTRACT_PRICE",
        "pm": "NONE",
        "cp": False,
        "pP": False,
        "R": stop.reduce_only,
        "tt": stop.triggered,
        "gtd": 0,
        "rm": "",
    }
    return {"e": "ALGO_UPDATE", "T": stop.updated, "E": stop.updated, "o": content}


def _balance(wallet: Decimal, change: str) -> dict[Literal["a", "wb", "cw", "bc"], str]:
    return {"a": "USDT", "wb": plain(wallet), "cw": plain(wallet), "bc": change}


def _account_event(time: int, content: dict[str, object]) -> Event:
    return {"e": "ACCOUNT_UPDATE", "E": time, "T": time, "a": content}
