from collections.abc import Sequence
from itertools import accumulate

from hypothesis import given, settings
from hypothesis import strategies as st

from binance_mcp.policy.limits import Calls, MovingWindow


def moments(start: float, bursts: Sequence[tuple[float, int]]) -> Sequence[float]:
    """Return the moments of bursts of calls: each is the time between two calls, and how many."""
    gaps = (gap for gap, count in bursts for _ in range(count))
    return list(accumulate(gaps, initial=start))


BURSTS = st.lists(
    st.tuples(st.sampled_from([0.0, 1e-4, 0.003, 0.01, 1 / 64, 0.1, 1.5]), st.integers(1, 200)),
    max_size=6,
)


@given(st.integers(1, 400), st.floats(-1e6, 1e9), BURSTS)
@settings(deadline=None)
def test_no_window_ever_admits_more_than_max_calls(
    most: int, start: float, bursts: list[tuple[float, int]]
) -> None:
    window = MovingWindow(most, 1.0)
    calls: Calls = ()
    admitted: list[float] = []
    for now in moments(start, bursts):
        possible_at = window.possible_at(calls, now)
        live = [at for at in admitted[-most:] if now - at < 1.0]
        if possible_at == now:
            assert len(live) < most
            calls = window.hit(calls, now)
            admitted.append(now)
        else:
            exact = live[0] + 1.0 if len(live) == most else now
            assert exact <= possible_at <= max(exact, now) + (most > 64) / 64 + 1e-6
            assert window.possible_at(calls, possible_at) == possible_at
        assert len(calls) <= 130


def test_beyond_64_entries_calls_of_a_64th_of_the_window_are_merged_and_leave_late() -> None:
    window = MovingWindow(1_000, 64.0)
    calls: Calls = ()
    for now in (*(number / 128 for number in range(64)), 1.0, 1.5, 2.0, 2.5):
        calls = window.hit(calls, now)
    assert calls[:64] == tuple((64 + number / 128, 1) for number in range(64))
    assert calls[64:] == ((66.0, 3), (67.5, 1))


def test_a_window_has_at_most_130_entries() -> None:
    window = MovingWindow(1_000_000_000, 1.0)
    calls: Calls = ()
    most = 0
    for now in moments(0.0, [(1e-4, 64), (0.0157, 200), (1e-3, 2_000), (0.0079, 500)]):
        calls = window.hit(calls, now)
        most = max(most, len(calls))
    assert 64 < most <= 130
