from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binance_mcp.futures.binance_error import IpBannedError, TooManyRequestsError
from binance_mcp.futures.weight import RequestWeight

START_OF_A_MINUTE: Final = 1_700_000_040.0


def stop(weight: RequestWeight, now: float) -> TooManyRequestsError:
    with pytest.raises(TooManyRequestsError) as refused:
        weight.check(now)
    return refused.value


def test_a_new_request_weight_is_unknown_and_stops_nothing() -> None:
    weight = RequestWeight(2400)

    weight.check(0.0)
    assert weight.used is None


@pytest.mark.parametrize(("limit", "ceiling"), [(2400, 2160), (6000, 5400)])
def test_a_tenth_of_the_request_weight_limit_is_left_to_others(limit: int, ceiling: int) -> None:
    weight = RequestWeight(limit)

    weight.read(ceiling - 1, now=0.0, server_time=START_OF_A_MINUTE)
    weight.check(0.0)

    weight.read(ceiling, now=0.0, server_time=START_OF_A_MINUTE)
    assert str(stop(weight, 0.0)).startswith(f"this IP address has used {ceiling} of its request")
    assert weight.used == ceiling


def test_the_request_weight_wait_ends_with_the_minute_of_binance() -> None:
    weight = RequestWeight(2400)

    weight.read(2400, now=100.0, server_time=START_OF_A_MINUTE + 15)

    assert stop(weight, 100.0).retry_after == 45.0
    assert stop(weight, 144.5).retry_after == 0.5
    weight.check(145.0)


def test_the_request_weight_that_was_used_counts_in_its_minute_only() -> None:
    weight = RequestWeight(2400)
    assert weight.limit == 2400
    assert weight.used_at(START_OF_A_MINUTE) == 0

    weight.read(7, now=0.0, server_time=START_OF_A_MINUTE + 30)

    times = [START_OF_A_MINUTE + seconds for seconds in (-0.5, 0, 59.5, 60)]
    assert [weight.used_at(time) for time in times] == [0, 7, 7, 0]


def test_an_answer_without_request_weight_changes_nothing() -> None:
    weight = RequestWeight(2400)
    weight.read(7, now=0.0, server_time=START_OF_A_MINUTE)

    weight.read(None, now=1.0, server_time=START_OF_A_MINUTE + 1)

    assert weight.used == 7


@pytest.mark.parametrize(
    ("kind", "retry_after", "wait"),
    [
        (TooManyRequestsError, None, 60.0),
        (IpBannedError, None, 120.0),
        (TooManyRequestsError, 7.0, 7.0),
        (IpBannedError, 3600.0, 3600.0),
    ],
)
def test_a_rate_limit_error_stops_requests_for_its_retry_after_or_a_default(
    kind: type[TooManyRequestsError], retry_after: float | None, wait: float
) -> None:
    weight = RequestWeight(2400)

    told = weight.refused(kind("stop", status=429, code=-1003, retry_after=retry_after), now=0.0)

    assert told.retry_after == wait
    stopped = stop(weight, wait - 0.5)
    assert (type(stopped), str(stopped), stopped.status, stopped.code, stopped.retry_after) == (
        kind,
        "stop",
        429,
        -1003,
        0.5,
    )
    weight.check(wait)


def test_a_rate_limit_error_with_zero_retry_after_stops_nothing() -> None:
    weight = RequestWeight(2400)

    weight.refused(TooManyRequestsError("go on", retry_after=0.0), now=5.0)

    weight.check(5.0)


def test_a_shorter_rate_limit_wait_does_not_replace_a_longer_one() -> None:
    weight = RequestWeight(2400)
    weight.refused(IpBannedError("banned"), now=0.0)

    told = weight.refused(TooManyRequestsError("slow down", retry_after=5.0), now=1.0)
    weight.read(2400, now=2.0, server_time=START_OF_A_MINUTE + 2)

    assert told.retry_after == 119.0
    stopped = stop(weight, 61.0)
    assert (type(stopped), stopped.retry_after) == (IpBannedError, 59.0)


def test_a_longer_rate_limit_wait_replaces_a_shorter_one() -> None:
    weight = RequestWeight(2400)
    weight.refused(TooManyRequestsError("slow down", retry_after=5.0), now=0.0)

    weight.refused(IpBannedError("banned", retry_after=120.0), now=1.0)

    assert str(stop(weight, 120.5)) == "banned"
    weight.check(121.0)


@given(st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 1000)), min_size=1))
def test_calls_are_stopped_until_the_longest_wait_is_over(
    refusals: list[tuple[int, int]],
) -> None:
    weight = RequestWeight(2400)
    for now, wait in sorted(refusals):
        weight.refused(TooManyRequestsError("stop", retry_after=float(wait)), now=float(now))
    end = float(max(now + wait for now, wait in refusals))

    weight.check(end)
    assert stop(weight, end - 0.5).retry_after == 0.5
