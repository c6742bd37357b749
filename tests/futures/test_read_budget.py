from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binance_mcp.futures.read_budget import ReadBudget

START_OF_A_MINUTE: Final = 1_700_000_040.0


def wait(budget: ReadBudget, cost: int, now: float, *, used: int = 0) -> float:
    """Return the wait at a time since the start of a minute of Binance's."""
    return budget.wait(cost, used=used, now=now, server_time=START_OF_A_MINUTE + now)


def test_a_quarter_of_the_limit_may_be_read_at_once() -> None:
    budget = ReadBudget(2400)
    for _ in range(14):
        budget.spend(40, 0.0)
    assert wait(budget, 40, 0.0) == 0.0
    budget.spend(40, 0.0)
    assert wait(budget, 1, 0.0) == 60.0


def test_a_read_waits_until_enough_of_those_before_it_are_a_minute_ago() -> None:
    budget = ReadBudget(400)
    for at in (0.0, 10.0, 20.0):
        budget.spend(30, at)
    assert [wait(budget, cost, 25.0) for cost in (10, 40, 70, 100)] == [0.0, 35.0, 45.0, 55.0]


def test_a_read_is_forgotten_after_a_minute() -> None:
    budget = ReadBudget(400)
    budget.spend(100, 0.0)
    assert wait(budget, 100, 59.5) == 0.5
    assert wait(budget, 100, 60.0) == 0.0


def test_a_read_that_costs_more_than_the_share_waits_until_nothing_else_was_read() -> None:
    budget = ReadBudget(400)
    assert wait(budget, 101, 0.0) == 0.0
    budget.spend(1, 5.0)
    assert wait(budget, 101, 10.0) == 55.0
    assert wait(budget, 101, 65.0) == 0.0


@pytest.mark.parametrize(("used", "seconds"), [(1435, 0.0), (1436, 45.0), (2400, 45.0)])
def test_nothing_is_read_in_a_minute_of_which_most_is_used(used: int, seconds: float) -> None:
    assert wait(ReadBudget(2400), 5, 15.0, used=used) == seconds


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(1, 40)), max_size=60))
def test_no_minute_has_more_reads_than_the_share(reads: list[tuple[int, int]]) -> None:
    budget, now, done = ReadBudget(400), 0.0, list[tuple[float, int]]()
    for pause, cost in reads:
        now += pause
        while seconds := wait(budget, cost, now):
            assert 0 < seconds <= 60
            now += seconds
        budget.spend(cost, now)
        done.append((now, cost))
    for end, _ in done:
        assert sum(cost for at, cost in done if end - 60 < at <= end) <= 100
