from decimal import Decimal

from binance_mcp.sandbox.trading.exchange import Exchange


def test_ids_grow_and_those_of_trades_are_counted_by_symbol() -> None:
    exchange = Exchange()

    assert [exchange.next_id("order") for _ in range(3)] == [1, 2, 3]
    assert exchange.next_id("algo order") == 1
    assert [exchange.next_trade_id(s) for s in ("A", "A", "B")] == [1, 2, 1]


def test_the_mark_is_the_price_that_was_set_or_else_the_last_one_traded() -> None:
    exchange = Exchange()
    marks = [exchange.mark("A")]

    exchange.traded("A", Decimal(5))
    marks.append(exchange.mark("A"))
    exchange.set_marks({"A": Decimal(6)})
    exchange.traded("A", Decimal(7))
    marks.append(exchange.mark("A"))

    assert marks == [0, 5, 6]
