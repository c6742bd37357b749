"""What REST shows of an account, and what its events tell, is the same truth."""

from collections.abc import Callable, Sequence
from decimal import Decimal, localcontext
from random import Random
from typing import Any, Final

from hypothesis import given, settings
from hypothesis import strategies as st

from binance_mcp.sandbox.trading.amounts import EXACT
from binance_mcp.sandbox.trading.order import Side
from binance_mcp.sandbox.trading.trading_day import trading_day
from tests.sandbox.trading.exchange_of_alice import START, AliceExchange

RNG: Final = Random(7)  # noqa: S311  # nothing secret
SYMBOLS: Final = ("A", "B")
SIDES: Final[Sequence[Side]] = ("BUY", "SELL")
AMOUNTS: Final = st.decimals("0.00000001", "999999999", places=8)

Step = tuple[str, int, bool, Decimal, Decimal]
STEPS: Final = st.lists(
    st.tuples(
        st.sampled_from(("place", "fill", "part", "trade", "end", "fund", "mark", "stop", "pull")),
        st.integers(0, 5),
        st.booleans(),
        AMOUNTS,
        AMOUNTS,
    ),
    max_size=30,
)


def take(exchange: AliceExchange, step: Step) -> None:
    kind, pick, flag, quantity, price = step
    ledger, symbol, side = exchange.ledger, SYMBOLS[pick % 2], SIDES[flag]
    exchange.time += pick
    if kind == "place":
        ledger.place_order(symbol, side, quantity, price, withheld=flag)
    elif kind == "trade":
        ledger.trade(symbol, side, quantity, price, withheld=flag)
    elif kind == "fund":
        ledger.fund(symbol, "-0.0001" if flag else "0.0003", withheld=flag)
    elif kind == "mark":
        ledger.set_mark(symbol, price)
    elif kind == "stop":
        ledger.place_stop(symbol, side, quantity, price, price if pick == 1 else None)
    else:
        take_up(exchange, step)


def take_up(exchange: AliceExchange, step: Step) -> None:
    kind, pick, flag, quantity, price = step
    ledger = exchange.ledger
    orders, stops = ledger.book.open_orders, ledger.book.open_stops
    if kind == "pull" and stops:
        end: Callable[[int], object] = ledger.cancel_stop if flag else ledger.trigger_stop
        end(stops[pick % len(stops)].id)
    elif kind != "pull" and orders:
        order = orders[pick % len(orders)]
        if kind == "end":
            (ledger.cancel if flag else ledger.expire)(order.id, withheld=flag)
        else:
            part = min(quantity, order.remaining) if kind == "part" else None
            ledger.fill(order.id, part, price, maker=flag, withheld=flag)


def assert_rest_and_events_agree(exchange: AliceExchange) -> None:
    events = exchange.events
    updates = [each["o"] for each in events if each["e"] == "ORDER_TRADE_UPDATE"]
    fills = [each for each in updates if each["x"] == "TRADE"]
    accounts = [each["a"] for each in events if each["e"] == "ACCOUNT_UPDATE"]
    assert_orders_agree(exchange, updates)
    assert_stops_agree(exchange)
    lite = [(e["s"], e["t"], e["l"], e["L"]) for e in events if e["e"] == "TRADE_LITE"]
    assert lite == [(o["s"], o["t"], o["l"], o["L"]) for o in fills]
    for symbol in SYMBOLS:
        own = [each for each in fills if each["s"] == symbol]
        assert_trades_agree(exchange, symbol, own)
        assert_position_agrees(exchange, symbol, own, accounts)
    assert_wallet_agrees(exchange, fills, accounts)


def assert_orders_agree(exchange: AliceExchange, updates: Sequence[Any]) -> None:
    last = {each["i"]: each for each in updates}
    told = [(i, o["X"], o["z"], o["ap"], o["T"], o["ot"], o["c"]) for i, o in last.items()]
    names = ("orderId", "status", "executedQty", "avgPrice", "updateTime", "origType")
    rows = paged(exchange, "/fapi/v1/allOrders", "orderId", "orderId")
    shown = [(*(row[name] for name in names), row["clientOrderId"]) for row in rows]
    assert shown == told
    still_open = [i for i, o in last.items() if o["X"] in ("NEW", "PARTIALLY_FILLED")]
    assert [row["orderId"] for row in exchange.get("/fapi/v1/openOrders")] == still_open


def assert_stops_agree(exchange: AliceExchange) -> None:
    last = {e["o"]["aid"]: e["o"] for e in exchange.events if e["e"] == "ALGO_UPDATE"}
    rows = exchange.get("/fapi/v1/openAlgoOrders")
    assert [row["algoId"] for row in rows] == [i for i, o in last.items() if o["X"] == "NEW"]
    path, names = "/fapi/v1/allAlgoOrders", ("algoId", "algoStatus", "actualOrderId", "triggerTime")
    for symbol in SYMBOLS:
        told = [(i, o["X"], o["ai"], o["tt"]) for i, o in last.items() if o["s"] == symbol]
        rows = paged(exchange, path, "algoId", "algoId", symbol=symbol)
        assert [tuple(row[name] for name in names) for row in rows] == told


def assert_trades_agree(exchange: AliceExchange, symbol: str, fills: Sequence[Any]) -> None:
    rows = paged(exchange, "/fapi/v1/userTrades", "id", "fromId", symbol=symbol)
    names = ("id", "orderId", "side", "price", "qty", "realizedPnl", "commission", "maker", "time")
    fields = ("t", "i", "S", "L", "l", "rp", "n", "m", "T")
    shown = [tuple(row[name] for name in names) for row in rows]
    assert shown == [tuple(each[field] for field in fields) for each in fills]


def assert_position_agrees(
    exchange: AliceExchange, symbol: str, fills: Sequence[Any], accounts: Sequence[Any]
) -> None:
    signs = {"BUY": 1, "SELL": -1}
    amount = sum(signs[each["S"]] * Decimal(each["l"]) for each in fills)
    rows = exchange.get("/fapi/v3/positionRisk", symbol=symbol)
    assert ([Decimal(row["positionAmt"]) for row in rows] or [0]) == [amount]
    told = [p for account in accounts for p in account["P"] if p["s"] == symbol]
    if told and rows:
        last, names = told[-1], ("positionAmt", "entryPrice", "breakEvenPrice")
        assert [last[f] for f in ("pa", "ep", "bep")] == [rows[0][name] for name in names]
        assert Decimal(last["cr"]) == sum(Decimal(each["rp"]) for each in fills)


def assert_wallet_agrees(
    exchange: AliceExchange, fills: Sequence[Any], accounts: Sequence[Any]
) -> None:
    [balance] = exchange.get("/fapi/v3/balance")
    traded = sum(Decimal(each["rp"]) - Decimal(each["n"]) for each in fills)
    funded = sum(Decimal(each["B"][0]["bc"]) for each in accounts)
    assert Decimal(balance["balance"]) == 10_000 + traded + funded
    assert balance["balance"] == (accounts[-1]["B"][0]["wb"] if accounts else "10000")
    assert exchange.get("/fapi/v3/account")["totalWalletBalance"] == balance["balance"]
    rows = exchange.get("/fapi/v1/income", limit=1000)
    assert sum(Decimal(row["income"]) for row in rows) == traded + funded


def paged(
    exchange: AliceExchange, path: str, id_name: str, start_name: str, **parameters: object
) -> list[Any]:
    rows: list[Any] = []
    limit = 3
    while True:
        start = rows[-1][id_name] + 1 if rows else 1
        page = exchange.get(path, **parameters, **{start_name: start, "limit": limit})
        rows += page
        if len(page) < limit:
            return rows


@settings(deadline=None)
@given(STEPS)
def test_rest_shows_what_the_sum_of_the_events_tells(steps: list[Step]) -> None:
    exchange = AliceExchange()
    for step in steps:
        take(exchange, step)

    with localcontext(EXACT):
        assert_rest_and_events_agree(exchange)


def test_a_day_of_trading_is_shown_as_it_is_told() -> None:
    exchange = AliceExchange()
    for seconds in trading_day(RNG, exchange.ledger, SYMBOLS, steps=300):
        exchange.time += round(seconds * 1000)

    assert_rest_and_events_agree(exchange)


@settings(deadline=None)
@given(st.integers(0, 12), st.integers(1, 5), st.integers(0, 2))
def test_every_row_of_a_window_is_on_exactly_one_page(trades: int, limit: int, apart: int) -> None:
    exchange = AliceExchange()
    for _ in range(trades):
        exchange.ledger.trade("A", "BUY", 1, 100)
        exchange.time += apart

    pages = [
        exchange.get("/fapi/v1/income", startTime=START, limit=limit, page=page)
        for page in range(1, trades // limit + 2)
    ]

    assert [row["tranId"] for page in pages for row in page] == list(range(1, trades + 1))
