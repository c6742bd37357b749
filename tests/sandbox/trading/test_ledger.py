from collections.abc import Mapping

import pytest

from binance_mcp.sandbox.authentication import verifier
from tests.sandbox.trading.exchange_of_alice import START, AliceExchange


class Ear:
    """A listener that keeps what it hears."""

    def __init__(self) -> None:
        self.heard: list[object] = []

    def push(self, listen_key: str, event: Mapping[str, object]) -> bool:
        del listen_key
        self.heard.append(event["e"])
        return True


@pytest.fixture
def ear(exchange: AliceExchange) -> Ear:
    ear = Ear()
    accounts = exchange.accounts
    accounts.listen(accounts.open(accounts.find("alice"), exchange.now()), ear, exchange.now())
    return ear


def test_every_change_is_told_to_the_listeners_and_logged(
    exchange: AliceExchange, ear: Ear
) -> None:
    exchange.time += 7
    exchange.ledger.place_order("A", "BUY", 2, 10)

    [record] = exchange.records
    assert (record.time, record.delivered, record.account) == (START + 7, 1, 1)
    assert (record.event["E"], exchange.ledger.time) == (START + 7, START + 7)
    assert ear.heard == ["ORDER_TRADE_UPDATE"]


def test_a_change_that_is_withheld_is_true_and_logged_and_nobody_hears_of_it(
    exchange: AliceExchange, ear: Ear
) -> None:
    ledger = exchange.ledger
    order_id = ledger.place_order("A", "BUY", 3, 10, withheld=True)
    ledger.fill(order_id, 1, withheld=True)
    ledger.trade("A", "BUY", 1, 10, withheld=True)
    ledger.fund("A", "0.1", withheld=True)
    ledger.cancel(order_id, withheld=True)
    ledger.expire(ledger.place_order("A", "BUY", 3, withheld=True), withheld=True)
    algo_id = ledger.place_stop("A", "BUY", 1, 9, withheld=True)
    ledger.trigger_stop(algo_id, withheld=True)
    ledger.cancel_stop(ledger.place_stop("A", "BUY", 1, 9, withheld=True), withheld=True)

    assert ear.heard == []
    assert [each.delivered for each in exchange.records] == [0] * len(exchange.records)
    assert len(exchange.records) == 18
    assert ledger.book.position("A").amount == 2


def test_every_change_is_withheld_while_the_ledger_withholds(
    exchange: AliceExchange, ear: Ear
) -> None:
    exchange.ledger.withholds = True
    exchange.ledger.place_order("A", "BUY", 3, 10)
    exchange.ledger.withholds = False
    exchange.ledger.cancel(1)

    assert [each.delivered for each in exchange.records] == [0, 1]
    assert len(ear.heard) == 1


def test_a_change_that_cannot_be_made_is_told_to_nobody(exchange: AliceExchange, ear: Ear) -> None:
    with pytest.raises(ValueError, match="orderId"):
        exchange.ledger.cancel(5)

    assert (ear.heard, exchange.records) == ([], ())


def test_every_option_of_an_order_and_of_a_conditional_order_is_kept(
    exchange: AliceExchange,
) -> None:
    ledger = exchange.ledger
    ledger.place_order(
        "A",
        "SELL",
        "0.5",
        "10",
        type="LIMIT",
        time_in_force="GTX",
        reduce_only=True,
        client_order_id="mine",
    )
    ledger.place_stop("A", "SELL", 1, 9, 8, reduce_only=True, client_algo_id="mine too")
    ledger.place_stop("A", "SELL", 1, 9, 8, type="TAKE_PROFIT")
    ledger.place_stop("A", "SELL", 1, 9)

    [order] = ledger.book.orders
    assert (order.type, order.time_in_force, order.reduce_only) == ("LIMIT", "GTX", True)
    assert (order.client_id, order.side, str(order.quantity)) == ("mine", "SELL", "0.5")
    stops = [(each.type, each.client_id, each.reduce_only) for each in ledger.book.stops]
    assert stops == [
        ("STOP", "mine too", True),
        ("TAKE_PROFIT", "sandbox-algo-2", False),
        ("STOP_MARKET", "sandbox-algo-3", False),
    ]


def test_accounts_have_ledgers_of_their_own_on_one_exchange(exchange: AliceExchange) -> None:
    exchange.accounts.add_account("bob", verifier(None, None))
    bob = exchange.ledgers.of(exchange.accounts.find("bob"))

    assert exchange.ledger.place_order("A", "BUY", 1, 10) == 1
    assert bob.place_order("A", "BUY", 1, 10) == 2

    assert exchange.ledgers.of(exchange.accounts.find("bob")) is bob
    assert [each.account for each in exchange.records] == [1, 2]
