from collections.abc import Sequence
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binance_mcp.errors import LimitStatus, PolicyDeniedError
from binance_mcp.policy.admission import AppliedLimit
from binance_mcp.policy.call import Caller
from binance_mcp.policy.language.rules import Limit, Scope
from binance_mcp.policy.limits import LimitStore

ALICE: Final = Caller(grant="alice", session="one")
ALICE_AGAIN: Final = Caller(grant="alice", session="two")
BOB: Final = Caller(grant="bob", session="three")


def limits(
    most: int, window: float | str = "minute", scope: Scope = "session", counter: str = "calls"
) -> Sequence[AppliedLimit]:
    members = {"counter": counter, "window": window, "max": most, "scope": scope}
    return [AppliedLimit(f"/{counter}", Limit.model_validate(members))]


def store_with_calls(count: int) -> LimitStore:
    """Return a store with calls of Alice's at 0, 1, 2 … seconds."""
    store = LimitStore()
    for now in range(count):
        store.reserve(limits(100), ALICE, now)
    return store


def wait(store: LimitStore, applied: Sequence[AppliedLimit], now: float) -> float | None:
    try:
        store.reserve(applied, ALICE, now)
    except PolicyDeniedError as denied:
        return denied.retry_after
    return None


def left(store: LimitStore, applied: Sequence[AppliedLimit], caller: Caller, now: float) -> int:
    (status,) = store.remaining(applied, caller, now)
    return status.remaining


# Limits that become others


def test_a_counter_keeps_its_calls_when_only_its_max_changes() -> None:
    store = store_with_calls(3)
    assert wait(store, limits(3), 10) == 50
    assert wait(store, limits(4), 10) is None
    assert wait(store, limits(4), 10) == 50


def test_a_lowered_max_denies_calls_until_enough_have_left_the_window() -> None:
    store = store_with_calls(5)
    assert wait(store, limits(2), 10) == 53
    assert wait(store, limits(1), 10) == 54
    assert wait(store, limits(5), 10) == 50
    assert wait(store, limits(2), 63) is None


def test_a_window_in_seconds_equals_the_same_window_as_a_word() -> None:
    assert wait(store_with_calls(2), limits(2, window=60), 10) == 50


@pytest.mark.parametrize(("window", "scope"), [("hour", "session"), ("minute", "grant")])
def test_a_counter_is_reset_when_its_window_or_scope_changes(window: str, scope: Scope) -> None:
    store = store_with_calls(2)
    other = limits(2, window, scope)
    assert wait(store, other, 10) is None
    assert wait(store, other, 10) is None
    assert wait(store, other, 10) is not None
    assert wait(store, limits(1), 10) is None


def test_a_denial_reports_the_current_limit() -> None:
    store = store_with_calls(3)
    with pytest.raises(PolicyDeniedError, match="At most 2 calls per minute per session") as denied:
        store.reserve(limits(2), ALICE, 10)
    assert denied.value.limit == LimitStatus("calls", "minute", 2, "session", remaining=0)


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(0, 40)), max_size=40))
def test_changing_max_never_admits_more_calls_in_a_window_than_the_last_max(
    calls: list[tuple[int, int]],
) -> None:
    store, admitted, now = LimitStore(), list[int](), 0
    for most, gap in calls:
        now += gap
        live = sum(now - at < 60 for at in admitted)
        if wait(store, limits(most), now) is None:
            assert live < most
            admitted.append(now)
        else:
            assert live >= most


# Counters that nobody names any more


def test_the_calls_of_a_counter_that_no_limit_names_are_forgotten() -> None:
    store = store_with_calls(2)
    store.reserve(limits(1, counter="other"), ALICE, 2)
    store.forget_unused(limits(9, counter="other"))
    assert wait(store, limits(1, counter="other"), 3) == 59
    assert wait(store, limits(1), 3) is None


def test_an_unused_counter_survives_forget_unused() -> None:
    store = LimitStore()
    store.forget_unused(limits(1))
    assert wait(store, limits(1), 0) is None


# What is left


def test_remaining_calls_are_reported_without_counting() -> None:
    store = store_with_calls(3)
    for _ in range(9):
        assert list(store.remaining(limits(5), ALICE, 3)) == [
            LimitStatus("calls", "minute", 5, "session", remaining=2)
        ]
    assert left(store, limits(5), ALICE, 60) == 3
    assert left(store, limits(5), ALICE, 62) == 5


def test_remaining_calls_are_those_of_the_caller() -> None:
    store = store_with_calls(3)
    assert left(store, limits(5), BOB, 3) == 5
    assert left(store, limits(5), ALICE_AGAIN, 3) == 5
    store.reserve(limits(5, scope="grant", counter="shared"), ALICE, 3)
    assert left(store, limits(5, scope="grant", counter="shared"), ALICE_AGAIN, 3) == 4


def test_no_calls_remain_when_max_is_lowered_below_the_used_calls() -> None:
    assert left(store_with_calls(3), limits(2), ALICE, 3) == 0


def test_no_calls_remain_for_a_new_caller_of_a_full_counter() -> None:
    store = LimitStore(max_subjects=1)
    store.reserve(limits(5), ALICE, 0)
    assert left(store, limits(5), BOB, 1) == 0
    assert left(store, limits(5), ALICE, 1) == 4
    assert left(store, limits(5), BOB, 60) == 5


def test_a_counter_shared_by_several_limits_is_reported_once() -> None:
    store = LimitStore()
    several = [*limits(5), *limits(5), *limits(1, counter="other")]
    told = store.remaining(several, ALICE, 0)
    assert [status.counter for status in told] == ["calls", "other"]


def test_a_clock_set_back_does_not_increase_remaining_calls() -> None:
    assert left(store_with_calls(3), limits(5), ALICE, -100) == 2
