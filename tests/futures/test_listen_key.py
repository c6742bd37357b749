from typing import Final

import pytest

from binance_mcp.futures.binance_error import UnreachableError
from binance_mcp.futures.listen_key import ActiveKey, ListenKey, ListenKeyLife, Rotation, State

RAW: Final = "pqia91ma19a5s61cv6a81va65sdf19v8a65a1a5s61cv6a81va65sdf19v8a65a1"
KEY: Final = ListenKey(RAW)
NEW: Final = ListenKey("new")
ACTIVE: Final = ListenKeyLife().extended(ActiveKey(KEY, 0.0, 1800.0, 5400.0), at=1801.0)
LOST: Final = ACTIVE.lost()


def extended(life: ListenKeyLife, key: ListenKey, sent: float) -> ListenKeyLife:
    """Return the life after a request for an hour more that took a second."""
    return life.extended(life.extension(key, at=sent, validity=3600.0), at=sent + 1)


@pytest.mark.parametrize(
    ("shown", "masked"),
    [
        (str(KEY), "pqia…"),
        (f"{KEY}", "pqia…"),
        (repr(KEY), "ListenKey('pqia…')"),
        (
            repr(ACTIVE.active),
            (
                "ActiveKey(key=ListenKey('pqia…'), created_at=0.0, extended_at=1800.0, "
                "expires_at=5400.0)"
            ),
        ),
        (
            repr(Rotation(KEY, NEW, 2.0, 1.0)),
            "Rotation(old=ListenKey('pqia…'), new=ListenKey('…'), at=2.0, missing_since=1.0)",
        ),
    ],
)
def test_a_listen_key_is_masked_when_printed(shown: str, masked: str) -> None:
    assert shown == masked


def test_the_repr_of_a_listen_key_life_masks_the_key() -> None:
    assert RAW not in repr(extended(LOST, NEW, 2000.0))


def test_a_short_listen_key_is_masked_completely() -> None:
    assert str(ListenKey("short")) == "…"


@pytest.mark.parametrize(
    "other", ["", RAW[:-1], f"{RAW}a", RAW.upper(), "ключ", "\ud800", f"{RAW}\udfff"]
)
def test_a_listen_key_matches_only_itself(other: str) -> None:
    assert KEY.matches(RAW)
    assert not KEY.matches(other)


def test_a_listen_key_life_begins_without_a_key() -> None:
    life = ListenKeyLife()

    assert (life.state, life.active, life.last) == (State.NONE, None, None)


@pytest.mark.parametrize(
    "life", [ListenKeyLife(), ACTIVE, LOST, ACTIVE.closed()], ids=lambda life: life.state
)
def test_an_extension_makes_any_listen_key_life_active(life: ListenKeyLife) -> None:
    after = extended(life, NEW, 3000.0)

    assert after.state is State.ACTIVE
    assert after.active == after.last == ActiveKey(NEW, 3000.0, 3000.0, 6600.0)
    assert after.lost_since is None


@pytest.mark.parametrize("life", [ListenKeyLife(), ACTIVE, LOST], ids=lambda life: life.state)
def test_any_listen_key_life_can_be_closed(life: ListenKeyLife) -> None:
    closed = life.failed(UnreachableError("no answer")).closed()

    assert (closed.state, closed.active, closed.last) == (State.CLOSED, None, None)
    assert (closed.lost_since, closed.failures, closed.error) == (None, 0, None)


def test_an_extension_does_not_change_the_creation_time() -> None:
    assert extended(ACTIVE, KEY, 3600.0).active == ActiveKey(KEY, 0.0, 3600.0, 7200.0)


def test_a_lost_listen_key_counts_as_lost_since_its_last_extension() -> None:
    assert (LOST.state, LOST.active, LOST.last) == (State.EXPIRED, None, ACTIVE.last)
    assert LOST.lost_since == 1800.0


@pytest.mark.parametrize(
    "life", [ListenKeyLife(), LOST, ACTIVE.closed()], ids=lambda life: life.state
)
def test_a_life_without_an_active_listen_key_cannot_be_lost(life: ListenKeyLife) -> None:
    assert life.lost() == life
    assert life.at(1e9) == life


def test_a_listen_key_expires_exactly_at_its_expiry_time() -> None:
    assert ACTIVE.at(5399.999) == ACTIVE
    assert ACTIVE.at(5400.0) == LOST


def test_failures_are_counted_until_a_success() -> None:
    first, last = UnreachableError("no answer"), UnreachableError("no answer either")
    failed = ACTIVE.failed(first).failed(last)

    assert (failed.state, failed.failures, failed.error) == (State.ACTIVE, 2, last)
    assert failed.at(5400.0).error is last
    after = extended(failed, KEY, 5000.0)
    assert (after.failures, after.error) == (0, None)


@pytest.mark.parametrize("life", [ACTIVE, LOST], ids=lambda life: life.state)
def test_a_different_listen_key_is_a_rotation(life: ListenKeyLife) -> None:
    after = extended(life, NEW, 5500.0)

    assert after.rotations == (Rotation(KEY, NEW, at=5501.0, missing_since=1800.0),)
    assert after.rotation_count == 1


@pytest.mark.parametrize(
    "life",
    [ListenKeyLife(), ACTIVE.closed(), LOST.closed()],
    ids=["none", "closed", "lost, closed"],
)
def test_the_first_listen_key_and_the_first_after_a_close_are_not_rotations(
    life: ListenKeyLife,
) -> None:
    assert extended(life, NEW, 3000.0).rotations == ()


def test_a_lost_listen_key_that_comes_back_is_not_a_rotation() -> None:
    after = extended(LOST, KEY, 3000.0)

    assert (after.rotations, after.lost_since) == ((), None)


def test_twenty_rotations_are_kept_and_all_are_counted() -> None:
    life = ListenKeyLife()
    for number in range(31):
        life = extended(life, ListenKey(str(number)), float(number))

    assert life.rotation_count == 30
    assert [rotation.at for rotation in life.rotations] == [float(n) for n in range(12, 32)]


CLOSING: Final = ACTIVE.closing()


def test_a_listen_key_with_unconfirmed_close_is_still_active() -> None:
    assert (CLOSING.state, CLOSING.active, CLOSING.is_closing) == (State.ACTIVE, ACTIVE.last, True)
    assert CLOSING.at(5399.999) is CLOSING


@pytest.mark.parametrize(
    "life", [CLOSING.lost(), CLOSING.at(5400.0), LOST.closing().lost(), CLOSING.closed()]
)
def test_a_lost_or_expired_listen_key_with_unconfirmed_close_is_closed(life: ListenKeyLife) -> None:
    assert (life.state, life.last, life.is_closing) == (State.CLOSED, None, False)


@pytest.mark.parametrize(("key", "created_at"), [(KEY, 0.0), (NEW, 2000.0)])
def test_an_extension_after_an_unconfirmed_close_is_not_a_rotation(
    key: ListenKey, created_at: float
) -> None:
    after = extended(CLOSING, key, 2000.0)

    assert after.active == ActiveKey(key, created_at, 2000.0, 5600.0)
    assert (after.is_closing, after.rotations) == (False, ())
