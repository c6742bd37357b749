from typing import Final

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from binance_mcp.futures.binance_error import (
    BinanceError,
    FirewallError,
    IpBannedError,
    RejectedApiKeyError,
    TooManyRequestsError,
    UnavailableError,
)
from binance_mcp.futures.listen_key import ActiveKey, ListenKey
from binance_mcp.futures.schedule import Schedule

SCHEDULE: Final = Schedule()
ACTIVE: Final = ActiveKey(ListenKey("key"), 0.0, 0.0, 3600.0)
EXPIRY: Final = 3600.0
LAST_MINUTE: Final = 3540.0
MAY_PASS: Final = UnavailableError("out of order")
WILL_HARDLY_PASS: Final = RejectedApiKeyError("unknown API key")

CHANCES: Final = st.floats(0, 1, exclude_max=True)
TIMES: Final = st.floats(0, 4000)
ERRORS: Final = st.sampled_from([MAY_PASS, WILL_HARDLY_PASS])


def pause(
    error: BinanceError, failures: int = 1, chance: float = 0.5, key: ActiveKey | None = ACTIVE
) -> float:
    """Return the pause after a failure that came when the key was 30 minutes old."""
    return SCHEDULE.next_retry(key, error, failures, 1800.0, chance) - 1800.0


@pytest.mark.parametrize(("chance", "at"), [(0.0, 1800.0), (0.5, 1950.0), (0.999, 2099.7)])
def test_a_keepalive_comes_after_the_interval_and_its_jitter(chance: float, at: float) -> None:
    assert SCHEDULE.next_keepalive(ACTIVE, chance) == pytest.approx(at)


def test_keepalive_interval_and_jitter_can_be_set() -> None:
    assert Schedule(60.0, 10.0).next_keepalive(ACTIVE, 0.5) == 65.0
    assert Schedule(60.0, 0.0).next_keepalive(ACTIVE, 0.5) == 60.0


@pytest.mark.parametrize("key", [ACTIVE, None], ids=["active", "lost"])
def test_transient_failures_are_retried_with_growing_pauses(key: ActiveKey | None) -> None:
    pauses = [pause(MAY_PASS, failures, key=key) for failures in (1, 2, 3, 4, 5, 6, 5000)]

    assert pauses == [10, 20, 40, 80, 120, 120, 120]


@pytest.mark.parametrize("failures", [1, 2, 5000])
def test_other_failures_are_retried_every_ten_minutes(failures: int) -> None:
    assert pause(WILL_HARDLY_PASS, failures) == 600


@pytest.mark.parametrize(("error", "middle"), [(MAY_PASS, 10), (WILL_HARDLY_PASS, 600)])
def test_a_retry_pause_is_randomized_by_half_of_its_length(
    error: BinanceError, middle: float
) -> None:
    assert pause(error, chance=0.0) == middle * 0.5
    assert pause(error, chance=0.999) == pytest.approx(middle * 1.499)


@pytest.mark.parametrize("error", [TooManyRequestsError, IpBannedError])
def test_a_retry_pause_begins_after_the_retry_after_of_binance(error: type[BinanceError]) -> None:
    assert pause(error("wait", retry_after=300.0)) == 310
    assert pause(error("wait", retry_after=300.0), key=None) == 310
    assert pause(error("wait", retry_after=0.0)) == 10


@pytest.mark.parametrize(("error", "middle"), [(UnavailableError, 10), (FirewallError, 600)])
@pytest.mark.parametrize("retry_after", [0.0, 7200.0])
def test_retry_after_of_errors_other_than_429_and_418_is_only_a_hint(
    error: type[BinanceError], middle: float, retry_after: float
) -> None:
    assert pause(error("wait", retry_after=retry_after)) == middle


@pytest.mark.parametrize("error", [MAY_PASS, WILL_HARDLY_PASS, TooManyRequestsError("wait")])
@pytest.mark.parametrize("chance", [0.0, 0.5, 0.999])
def test_no_retry_pause_is_shorter_than_two_seconds(error: BinanceError, chance: float) -> None:
    every_second, key = Schedule(1.0, 0.0), ActiveKey(ListenKey("key"), 0.0, 0.0, 4.0)

    for now in (1.0, 3.95):
        assert every_second.next_retry(key, error, 1, now, chance) >= min(now + 2, 4 - 4 / 60)


@pytest.mark.parametrize(
    ("error", "failed_at", "retry_at"),
    [
        (MAY_PASS, LAST_MINUTE - 120, LAST_MINUTE),
        (MAY_PASS, LAST_MINUTE - 119, LAST_MINUTE),
        (WILL_HARDLY_PASS, LAST_MINUTE - 1, LAST_MINUTE),
        (MAY_PASS, LAST_MINUTE, LAST_MINUTE + 5),
        (WILL_HARDLY_PASS, LAST_MINUTE + 1, LAST_MINUTE + 6),
        (MAY_PASS, EXPIRY - 1, EXPIRY + 4),
        (MAY_PASS, EXPIRY, EXPIRY + 120),
        (UnavailableError("wait", retry_after=60.0), EXPIRY - 30, EXPIRY - 25),
        (TooManyRequestsError("wait", retry_after=100.0), LAST_MINUTE - 101, LAST_MINUTE),
        (TooManyRequestsError("wait", retry_after=100.0), LAST_MINUTE - 90, LAST_MINUTE + 10),
        (TooManyRequestsError("wait", retry_after=0.0), LAST_MINUTE + 10, LAST_MINUTE + 15),
        (TooManyRequestsError("wait", retry_after=20.0), LAST_MINUTE + 10, LAST_MINUTE + 30),
        (TooManyRequestsError("wait", retry_after=300.0), LAST_MINUTE - 1, LAST_MINUTE + 419),
        (TooManyRequestsError("wait", retry_after=300.0), LAST_MINUTE + 1, LAST_MINUTE + 421),
    ],
)
def test_the_last_minute_of_a_listen_key_begins_with_a_retry_and_has_many(
    error: BinanceError, failed_at: float, retry_at: float
) -> None:
    at = SCHEDULE.next_retry(ACTIVE, error, 9, failed_at, 0.5)

    assert at == pytest.approx(retry_at, abs=0.002)
    assert at >= retry_at


def test_retry_times_scale_with_the_interval_and_the_validity() -> None:
    schedule, active = Schedule(540.0, 90.0), ActiveKey(ListenKey("key"), 0.0, 100.0, 1180.0)

    assert schedule.next_retry(active, MAY_PASS, 1, 640.0, 0.5) == pytest.approx(643)
    assert schedule.next_retry(active, MAY_PASS, 9, 640.0, 0.5) == pytest.approx(676)
    assert schedule.next_retry(active, WILL_HARDLY_PASS, 1, 640.0, 0.5) == pytest.approx(820)
    assert schedule.next_retry(active, MAY_PASS, 9, 1161.0, 0.5) == pytest.approx(1162)
    assert schedule.next_retry(active, MAY_PASS, 9, 1162.0, 0.999) == pytest.approx(1164.2, abs=0.1)


@given(ERRORS, st.integers(1, 10_000), TIMES, CHANCES)
def test_a_retry_is_always_in_the_future_and_never_across_the_start_of_the_last_minute(
    error: BinanceError, failures: int, now: float, chance: float
) -> None:
    at = SCHEDULE.next_retry(ACTIVE, error, failures, now, chance)

    assert now < at <= now + 900
    assert now >= LAST_MINUTE or at <= LAST_MINUTE


@given(TIMES, CHANCES, st.floats(0, 1e6))
def test_no_retry_comes_before_the_retry_after_of_binance_is_over(
    now: float, chance: float, wait: float
) -> None:
    assume(wait > 0)
    error = TooManyRequestsError("wait", retry_after=wait)

    assert SCHEDULE.next_retry(ACTIVE, error, 1, now, chance) >= now + wait
