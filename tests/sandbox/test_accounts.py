import re

import pytest

from binance_mcp.futures.sandbox.exchange import Account, Event, Exchange
from binance_mcp.futures.sandbox.http_messages import RefusedError
from binance_mcp.futures.sandbox.moment import Moment
from binance_mcp.futures.sandbox.refusals import (
    BAD_API_KEY_FORMAT,
    INVALID_LISTEN_KEY,
    REJECTED_API_KEY,
)


class Ear:
    """A listener that remembers what it hears, and takes it or not."""

    def __init__(self, *, takes: bool = True) -> None:
        self.heard: list[tuple[str, Event]] = []
        self.takes = takes

    def push(self, listen_key: str, event: Event) -> bool:
        self.heard.append((listen_key, event))
        return self.takes


def at(seconds: float) -> Moment:
    return Moment(seconds, 1_700_000_000 + seconds)


def never(_payload: str, _signature: str) -> bool:
    return False


@pytest.fixture
def exchange() -> Exchange:
    exchange = Exchange(3600)
    exchange.add_account("alice", never)
    exchange.add_account("bob", never)
    return exchange


@pytest.fixture
def alice(exchange: Exchange) -> Account:
    return exchange.account("alice")


def refusal(exchange: Exchange, api_key: str) -> object:
    with pytest.raises(RefusedError) as refused:
        exchange.account(api_key)
    return refused.value.answer


@pytest.mark.parametrize("api_key", ["", "two words", "é", "k" * 257, "k\n"])
def test_a_malformed_api_key_is_neither_let_in_nor_added(exchange: Exchange, api_key: str) -> None:
    assert refusal(exchange, api_key) == BAD_API_KEY_FORMAT
    with pytest.raises(ValueError, match="apiKey: "):
        exchange.add_account(api_key, never)


def test_an_unknown_api_key_is_rejected(exchange: Exchange) -> None:
    assert refusal(exchange, "Alice") == REJECTED_API_KEY


def test_adding_a_known_account_changes_its_verifier_and_keeps_its_listen_key(
    exchange: Exchange, alice: Account
) -> None:
    listen_key = exchange.open(alice, at(0))

    exchange.add_account("alice", lambda _payload, _signature: True)

    assert exchange.account("alice").verify("", "")
    assert exchange.open(exchange.account("alice"), at(1)) == listen_key
    assert len(exchange.accounts) == 2


def test_a_listen_key_has_64_letters_and_digits_and_shows_in_no_repr(
    exchange: Exchange, alice: Account
) -> None:
    listen_key = exchange.open(alice, at(0))

    assert re.fullmatch("[A-Za-z0-9]{64}", listen_key)
    assert listen_key not in repr(alice) + repr(alice.listen_key)


def test_each_account_has_its_own_listen_key(exchange: Exchange, alice: Account) -> None:
    assert exchange.open(alice, at(0)) != exchange.open(exchange.account("bob"), at(0))


def test_opening_again_returns_the_active_key_and_extends_it(
    exchange: Exchange, alice: Account
) -> None:
    listen_key = exchange.open(alice, at(0))

    assert exchange.open(alice, at(3599.9)) == listen_key
    assert exchange.expiry(listen_key, at(3600)) == 7199.9


def test_extending_returns_the_key_and_extends_it(exchange: Exchange, alice: Account) -> None:
    listen_key = exchange.open(alice, at(0))

    assert exchange.extend(alice, at(1800)) == listen_key
    assert exchange.expiry(listen_key, at(5399.9)) == 5400
    assert exchange.expiry(listen_key, at(5400)) is None


def test_without_an_active_key_nothing_can_be_extended_or_closed(
    exchange: Exchange, alice: Account
) -> None:
    exchange.open(alice, at(0))

    for call in (exchange.extend, exchange.close):
        with pytest.raises(RefusedError) as refused:
            call(alice, at(3600))
        assert refused.value.answer == INVALID_LISTEN_KEY


def test_a_new_key_follows_an_expired_and_a_closed_one(exchange: Exchange, alice: Account) -> None:
    first = exchange.open(alice, at(0))
    second = exchange.open(alice, at(3600))
    exchange.close(alice, at(3601))

    assert len({first, second, exchange.open(alice, at(3602))}) == 3


def test_events_reach_the_listeners_of_the_account_and_those_who_take_them_are_counted(
    exchange: Exchange, alice: Account
) -> None:
    taker, other, bobs = Ear(), Ear(takes=False), Ear()
    listen_key = exchange.open(alice, at(0))
    exchange.listen(listen_key, taker, at(0))
    exchange.listen(listen_key, other, at(0))
    exchange.listen(exchange.open(exchange.account("bob"), at(0)), bobs, at(0))

    assert exchange.publish(alice, {"e": "X"}, at(1)) == 1
    assert taker.heard == other.heard == [(listen_key, {"e": "X"})]
    assert bobs.heard == []


def test_nobody_hears_an_account_without_an_active_key(exchange: Exchange, alice: Account) -> None:
    ear = Ear()
    exchange.listen("bogus", ear, at(0))

    assert exchange.publish(alice, {"e": "X"}, at(0)) == 0
    assert ear.heard == []


def test_who_has_been_forgotten_hears_no_more(exchange: Exchange, alice: Account) -> None:
    ear = Ear()
    listen_key = exchange.open(alice, at(0))
    exchange.listen(listen_key, ear, at(0))

    exchange.forget(listen_key, ear, at(0))
    exchange.forget(listen_key, ear, at(0))
    exchange.forget("bogus", ear, at(0))

    assert exchange.publish(alice, {"e": "X"}, at(0)) == 0


def test_closing_tells_the_listeners_at_once(exchange: Exchange, alice: Account) -> None:
    ear = Ear()
    listen_key = exchange.open(alice, at(0))
    exchange.listen(listen_key, ear, at(0))

    exchange.close(alice, at(1.5))

    expired = {"e": "listenKeyExpired", "E": 1_700_000_001_500, "listenKey": listen_key}
    assert ear.heard == [(listen_key, expired)]


def test_an_expiry_is_told_once_by_whatever_call_notices_it(
    exchange: Exchange, alice: Account
) -> None:
    ear = Ear()
    exchange.listen(exchange.open(alice, at(0)), ear, at(0))

    exchange.open(alice, at(3600))
    exchange.open(alice, at(3601))
    exchange.publish(alice, {"e": "X"}, at(3601))

    assert [event["e"] for _, event in ear.heard] == ["listenKeyExpired"]
