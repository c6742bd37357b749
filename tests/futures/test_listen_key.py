from typing import Final

import pytest

from binance_mcp.futures.listen_key import ActiveKey, ListenKey, ListenKeyLife, State

RAW: Final = "pqia91ma19a5s61cv6a81va65sdf19v8a65a1a5s61cv6a81va65sdf19v8a65a1"
KEY: Final = ListenKey(RAW)
ACTIVE: Final = ListenKeyLife().extended(ActiveKey(KEY, expires_at=3600.0))


@pytest.mark.parametrize(
    ("shown", "masked"),
    [
        (str(KEY), "pqia…"),
        (f"{KEY}", "pqia…"),
        (repr(KEY), "ListenKey('pqia…')"),
        (repr(ACTIVE.active), "ActiveKey(key=ListenKey('pqia…'), expires_at=3600.0)"),
    ],
)
def test_a_listen_key_prints_masked(shown: str, masked: str) -> None:
    assert shown == masked


def test_the_life_of_a_key_prints_it_masked_too() -> None:
    assert RAW not in repr(ACTIVE)


def test_nothing_is_shown_of_a_short_key() -> None:
    assert str(ListenKey("short")) == "…"


@pytest.mark.parametrize("other", ["", RAW[:-1], f"{RAW}a", RAW.upper(), "ключ"])
def test_a_listen_key_matches_itself_only(other: str) -> None:
    assert KEY.matches(RAW)
    assert not KEY.matches(other)


def test_a_life_begins_without_a_key() -> None:
    life = ListenKeyLife()

    assert (life.state, life.active) == (State.NONE, None)


@pytest.mark.parametrize(
    "life", [ListenKeyLife(), ACTIVE, ACTIVE.lost(), ACTIVE.closed()], ids=lambda life: life.state
)
def test_every_life_becomes_active_by_an_extension(life: ListenKeyLife) -> None:
    extended = life.extended(ActiveKey(ListenKey("new"), 7200.0))

    assert extended.state is State.ACTIVE
    assert extended.active == ActiveKey(ListenKey("new"), 7200.0)


@pytest.mark.parametrize(
    "life", [ListenKeyLife(), ACTIVE, ACTIVE.lost()], ids=lambda life: life.state
)
def test_every_life_can_be_closed(life: ListenKeyLife) -> None:
    closed = life.closed()

    assert (closed.state, closed.active) == (State.CLOSED, None)


def test_an_active_key_that_is_lost_has_expired() -> None:
    assert (ACTIVE.lost().state, ACTIVE.lost().active) == (State.EXPIRED, None)


@pytest.mark.parametrize("life", [ListenKeyLife(), ACTIVE.closed()], ids=lambda life: life.state)
def test_without_an_active_key_there_is_nothing_to_lose(life: ListenKeyLife) -> None:
    assert life.lost() == life
    assert life.at(1e9) == life


def test_a_key_expires_at_its_time_and_not_before() -> None:
    assert ACTIVE.at(3599.999) == ACTIVE
    assert ACTIVE.at(3600.0) == ACTIVE.lost()
