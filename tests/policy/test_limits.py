import math
import tracemalloc
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from binance_mcp.errors import LimitStatus, PolicyDeniedError
from binance_mcp.policy.admission import AppliedLimit
from binance_mcp.policy.call import Caller
from binance_mcp.policy.language.rules import Limit, Scope
from binance_mcp.policy.limits import LimitStore, MovingWindow

ALICE = Caller(grant="alice", session="one")
ALICE_AGAIN = Caller(grant="alice", session="two")
BOB = Caller(grant="bob", session="three")


def limit(
    counter: str = "calls",
    most: int = 2,
    window: float | str = "minute",
    scope: Scope = "session",
) -> AppliedLimit:
    members = {"counter": counter, "window": window, "max": most, "scope": scope}
    return AppliedLimit(f"/{counter}", Limit.model_validate(members))


def denial(
    store: LimitStore, limits: Sequence[AppliedLimit], caller: Caller, now: float
) -> PolicyDeniedError:
    with pytest.raises(PolicyDeniedError) as denied:
        store.reserve(limits, caller, now)
    return denied.value


def is_admitted(
    store: LimitStore, limits: Sequence[AppliedLimit], caller: Caller, now: float
) -> bool:
    try:
        store.reserve(limits, caller, now)
    except PolicyDeniedError:
        return False
    return True


# Examples


def test_a_moving_window_admits_no_double_burst_at_a_boundary() -> None:
    store, limits = LimitStore(), [limit(most=2)]
    store.reserve(limits, ALICE, 30)
    store.reserve(limits, ALICE, 59)
    assert denial(store, limits, ALICE, 61).retry_after == 29
    store.reserve(limits, ALICE, 90)
    assert denial(store, limits, ALICE, 90).retry_after == 29


def test_a_limit_denial_has_the_rule_and_retry_after() -> None:
    store, limits = LimitStore(), [limit(most=60)]
    for _ in range(60):
        store.reserve(limits, ALICE, 0)
    denied = denial(store, limits, ALICE, 48.75)
    assert str(denied) == (
        'At most 60 calls per minute per session (counter "calls"); retry in 12 s.'
    )
    assert (denied.code, denied.rule, denied.retry_after) == ("limit_exceeded", "/calls", 11.25)
    assert denied.limit == LimitStatus("calls", "minute", 60, "session", remaining=0)


@pytest.mark.parametrize(
    ("window", "most", "scope", "allowance"),
    [
        ("day", 1, "server", "At most 1 call per day per server "),
        (90, 2, "grant", "At most 2 calls per 90 s per grant "),
        (2_678_399.5, 3, "session", "At most 3 calls per 2678399.5 s per session "),
    ],
)
def test_a_limit_denial_describes_the_limit_in_words(
    window: float | str, most: int, scope: Scope, allowance: str
) -> None:
    store, limits = LimitStore(), [limit(most=most, window=window, scope=scope)]
    for _ in range(most):
        store.reserve(limits, ALICE, 0)
    assert str(denial(store, limits, ALICE, 0)).startswith(allowance)


@pytest.mark.parametrize(
    ("scope", "others"), [("session", [ALICE_AGAIN, BOB]), ("grant", [BOB]), ("server", [])]
)
def test_a_scope_selects_which_callers_share_a_limit(scope: Scope, others: list[Caller]) -> None:
    store, limits = LimitStore(), [limit(most=1, scope=scope)]
    store.reserve(limits, ALICE, 0)
    assert [who for who in (ALICE_AGAIN, BOB) if is_admitted(store, limits, who, 0)] == others


def test_limits_with_the_same_counter_share_its_calls() -> None:
    store = LimitStore()
    here, there = limit(most=1), AppliedLimit("/there", limit(most=1).limit)
    store.reserve([here], ALICE, 0)
    assert denial(store, [there], ALICE, 0).rule == "/there"


def test_a_call_that_meets_a_counter_twice_counts_once_under_the_first_rule() -> None:
    store = LimitStore()
    twice = [limit(most=2), AppliedLimit("/there", limit(most=2).limit)]
    store.reserve(twice, ALICE, 0)
    store.reserve(twice, ALICE, 0)
    assert denial(store, twice, ALICE, 0).rule == "/calls"


def test_a_call_is_counted_under_all_its_limits_or_none() -> None:
    store = LimitStore()
    tight, wide = limit("tight", most=1), limit("wide", most=2)
    store.reserve([tight, wide], ALICE, 0)
    for _ in range(5):
        assert not is_admitted(store, [wide, tight], ALICE, 0)
    store.reserve([wide], ALICE, 0)


def test_the_exceeded_limit_with_the_longest_wait_is_reported() -> None:
    store = LimitStore()
    limits = [limit("s", 1, "second"), limit("h", 1, "hour"), limit("m", 1, "minute")]
    store.reserve(limits, ALICE, 0)
    denied = denial(store, limits, ALICE, 0.5)
    assert (denied.rule, denied.retry_after) == ("/h", 3599.5)


def test_of_limits_with_equal_waits_the_first_is_reported() -> None:
    store, limits = LimitStore(), [limit("own", 1), limit("common", 1)]
    store.reserve(limits, ALICE, 0)
    assert denial(store, limits, ALICE, 0).rule == "/own"


def test_a_call_without_limits_is_admitted() -> None:
    LimitStore().reserve([], ALICE, 0)


def test_a_clock_set_back_admits_no_additional_calls() -> None:
    store, limits = LimitStore(), [limit(most=1)]
    store.reserve(limits, ALICE, 100)
    denied = denial(store, limits, ALICE, 10)
    assert denied.retry_after == 150
    assert not is_admitted(store, limits, ALICE, 159)
    assert is_admitted(store, limits, ALICE, 160)


# Many callers


def test_a_full_counter_denies_new_callers_and_keeps_the_known_ones() -> None:
    store, limits = LimitStore(max_subjects=2), [limit(most=2)]
    store.reserve(limits, ALICE, 0)
    store.reserve(limits, ALICE_AGAIN, 20)
    denied = denial(store, limits, BOB, 30.5)
    assert str(denied) == ('Too many callers at once (counter "calls"); retry in 30 s.')
    assert (denied.code, denied.rule, denied.retry_after) == ("limit_exceeded", "/calls", 29.5)
    assert denied.limit == LimitStatus("calls", "minute", 2, "session", remaining=0)
    store.reserve(limits, ALICE, 30.5)
    assert denial(store, limits, BOB, 60).retry_after == 20
    store.reserve(limits, BOB, 80)
    assert not is_admitted(store, limits, ALICE_AGAIN, 80)


def test_a_full_counter_does_not_affect_other_counters() -> None:
    store = LimitStore(max_subjects=1)
    store.reserve([limit("one")], ALICE, 0)
    store.reserve([limit("two")], BOB, 0)


def test_a_caller_takes_less_than_a_kibibyte_of_memory() -> None:
    store, limits, callers = LimitStore(), [limit("a"), limit("b", scope="grant")], 5_000
    tracemalloc.start()
    for number in range(callers):
        store.reserve(limits, Caller(f"grant-{number:032}", f"session-{number:032}"), number / 1e3)
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert taken < callers * 1024


def test_callers_whose_windows_have_passed_take_no_memory() -> None:
    store, limits = LimitStore(), [limit(window="second")]
    tracemalloc.start()
    for number in range(5_000):
        store.reserve(limits, Caller("", f"{number:032}"), number / 10)
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert taken < 100 * 1024


# Any calls at all

MOMENTS = st.floats(-1e6, 1e9)
STEPS = st.sampled_from([0.0, 0.1, 0.25, 1 / 3, 1.0, 2.5, -1.0]) | st.floats(-2, 4)
WINDOWS = st.sampled_from(["second", 0.3, 1, 2.5, 1e-9]) | st.floats(1e-3, 5)
SCOPES = st.sampled_from(["session", "grant", "server"])
CALLERS = st.sampled_from([ALICE, ALICE_AGAIN, BOB])
TRIOS = st.tuples(
    *(st.builds(limit, st.just(name), st.integers(1, 4), WINDOWS, SCOPES) for name in "abc")
)


@dataclass
class Ledger:
    """Every call there ever was, in exact arithmetic."""

    calls: list[tuple[str, str, Fraction]] = field(default_factory=list[tuple[str, str, Fraction]])

    def possible_at(self, applied: AppliedLimit, caller: Caller, now: Fraction) -> Fraction:
        of = (applied.limit.counter, caller.subject(applied.limit.scope))
        window = Fraction(applied.limit.seconds)
        live = [at for *whose, at in self.calls if tuple(whose) == of and now - at < window]
        return min(live) + window if len(live) >= applied.limit.max else now

    def write(self, limits: Sequence[AppliedLimit], caller: Caller, now: Fraction) -> None:
        for applied in limits:
            subject = caller.subject(applied.limit.scope)
            self.calls.append((applied.limit.counter, subject, now))


@given(
    MOMENTS,
    TRIOS,
    st.lists(st.tuples(STEPS, CALLERS, st.sets(st.integers(0, 2), min_size=1)), max_size=40),
)
@settings(deadline=None)
def test_limit_decisions_and_waits_equal_those_of_an_exact_ledger(
    start: float,
    trio: tuple[AppliedLimit, ...],
    steps: list[tuple[float, Caller, set[int]]],
) -> None:
    store, ledger = LimitStore(), Ledger()
    now, latest = start, -math.inf
    for step, caller, chosen in steps:
        now += step
        latest = max(latest, now)
        limits = [trio[index] for index in sorted(chosen)]
        exact = Fraction(latest)
        possible_at = max(ledger.possible_at(applied, caller, exact) for applied in limits)
        if possible_at == exact:
            store.reserve(limits, caller, now)
            ledger.write(limits, caller, exact)
        else:
            wait = denial(store, limits, caller, now).retry_after
            assert wait is not None
            assert wait == pytest.approx(float(possible_at - Fraction(now)), rel=1e-9, abs=1e-6)
            assert is_admitted(deepcopy(store), limits, caller, now + wait)


@given(MOMENTS, st.floats(1e-9, 2_678_400), st.floats(0, 1))
@settings(deadline=None)
def test_rounding_never_admits_a_call_early_or_shortens_retry_after(
    start: float, seconds: float, part: float
) -> None:
    window, store, limits = MovingWindow(1, seconds), LimitStore(), [limit("c", 1, seconds)]
    possible_at = window.possible_at(window.hit((), start), start)
    exact = Fraction(start) + Fraction(seconds)
    assert math.nextafter(possible_at, -math.inf) < exact <= possible_at
    store.reserve(limits, ALICE, start)
    now = min(start + seconds * part, math.nextafter(possible_at, -math.inf))
    store.reserve(limits, ALICE, now + (denial(store, limits, ALICE, now).retry_after or 0))
