import re

import pytest

from binance_mcp.sandbox.accounts import Account, Accounts, Event
from binance_mcp.sandbox.error_answers import (
    BAD_API_KEY_FORMAT,
    INVALID_LISTEN_KEY,
    REJECTED_API_KEY,
)
from binance_mcp.sandbox.http_messages import RefusedError
from binance_mcp.sandbox.moment import Moment


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
def accounts() -> Accounts:
    accounts = Accounts(3600)
    accounts.add_account("alice", never)
    accounts.add_account("bob", never)
    return accounts


@pytest.fixture
def alice(accounts: Accounts) -> Account:
    return accounts.account("alice")


def refusal(accounts: Accounts, api_key: str) -> object:
    with pytest.raises(RefusedError) as refused:
        accounts.account(api_key)
    return refused.value.answer


@pytest.mark.parametrize("api_key", ["", "two words", "é", "k" * 257, "k\n"])
def test_a_malformed_api_key_is_neither_let_in_nor_added(accounts: Accounts, api_key: str) -> None:
    assert refusal(accounts, api_key) == BAD_API_KEY_FORMAT
    with pytest.raises(ValueError, match="apiKey: "):
        accounts.add_account(api_key, never)


def test_an_unknown_api_key_is_rejected(accounts: Accounts) -> None:
    assert refusal(accounts, "Alice") == REJECTED_API_KEY


def test_adding_a_known_account_changes_its_verifier_and_keeps_its_listen_key(
    accounts: Accounts, alice: Account
) -> None:
    listen_key = accounts.open(alice, at(0))

    accounts.add_account("alice", lambda _payload, _signature: True)

    assert accounts.account("alice").verify("", "")
    assert accounts.open(accounts.account("alice"), at(1)) == listen_key
    assert len(accounts.all) == 2


def test_a_listen_key_has_64_letters_and_digits_and_shows_in_no_repr(
    accounts: Accounts, alice: Account
) -> None:
    listen_key = accounts.open(alice, at(0))

    assert re.fullmatch("[A-Za-z0-9]{64}", listen_key)
    assert listen_key not in repr(alice) + repr(alice.listen_key)


def test_each_account_has_its_own_listen_key(accounts: Accounts, alice: Account) -> None:
    assert accounts.open(alice, at(0)) != accounts.open(accounts.account("bob"), at(0))


def test_opening_again_returns_the_active_key_and_extends_it(
    accounts: Accounts, alice: Account
) -> None:
    listen_key = accounts.open(alice, at(0))

    assert accounts.open(alice, at(3599.9)) == listen_key
    assert accounts.expiry(listen_key, at(3600)) == 7199.9


def test_extending_returns_the_key_and_extends_it(accounts: Accounts, alice: Account) -> None:
    listen_key = accounts.open(alice, at(0))

    assert accounts.extend(alice, at(1800)) == listen_key
    assert accounts.expiry(listen_key, at(5399.9)) == 5400
    assert accounts.expiry(listen_key, at(5400)) is None


def test_without_an_active_key_nothing_can_be_extended_or_closed(
    accounts: Accounts, alice: Account
) -> None:
    accounts.open(alice, at(0))

    for call in (accounts.extend, accounts.close):
        with pytest.raises(RefusedError) as refused:
            call(alice, at(3600))
        assert refused.value.answer == INVALID_LISTEN_KEY


def test_a_new_key_follows_an_expired_and_a_closed_one(accounts: Accounts, alice: Account) -> None:
    first = accounts.open(alice, at(0))
    second = accounts.open(alice, at(3600))
    accounts.close(alice, at(3601))

    assert len({first, second, accounts.open(alice, at(3602))}) == 3


def test_events_reach_the_listeners_of_the_account_and_those_who_take_them_are_counted(
    accounts: Accounts, alice: Account
) -> None:
    taker, other, bobs = Ear(), Ear(takes=False), Ear()
    listen_key = accounts.open(alice, at(0))
    accounts.listen(listen_key, taker, at(0))
    accounts.listen(listen_key, other, at(0))
    accounts.listen(accounts.open(accounts.account("bob"), at(0)), bobs, at(0))

    assert accounts.publish(alice, {"e": "X"}, at(1)) == 1
    assert taker.heard == other.heard == [(listen_key, {"e": "X"})]
    assert bobs.heard == []


def test_nobody_hears_an_account_without_an_active_key(accounts: Accounts, alice: Account) -> None:
    ear = Ear()
    accounts.listen("bogus", ear, at(0))

    assert accounts.publish(alice, {"e": "X"}, at(0)) == 0
    assert ear.heard == []


def test_who_has_been_forgotten_hears_no_more(accounts: Accounts, alice: Account) -> None:
    ear = Ear()
    listen_key = accounts.open(alice, at(0))
    accounts.listen(listen_key, ear, at(0))

    accounts.forget(listen_key, ear, at(0))
    accounts.forget(listen_key, ear, at(0))
    accounts.forget("bogus", ear, at(0))

    assert accounts.publish(alice, {"e": "X"}, at(0)) == 0


def test_closing_tells_the_listeners_at_once(accounts: Accounts, alice: Account) -> None:
    ear = Ear()
    listen_key = accounts.open(alice, at(0))
    accounts.listen(listen_key, ear, at(0))

    accounts.close(alice, at(1.5))

    expired = {"e": "listenKeyExpired", "E": 1_700_000_001_500, "listenKey": listen_key}
    assert ear.heard == [(listen_key, expired)]


def test_an_expiry_is_told_once_by_whatever_call_notices_it(
    accounts: Accounts, alice: Account
) -> None:
    ear = Ear()
    accounts.listen(accounts.open(alice, at(0)), ear, at(0))

    accounts.open(alice, at(3600))
    accounts.open(alice, at(3601))
    accounts.publish(alice, {"e": "X"}, at(3601))

    assert [event["e"] for _, event in ear.heard] == ["listenKeyExpired"]
