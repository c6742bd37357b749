import pytest

from binance_mcp.sandbox.error_answers import TOO_MANY_REQUESTS, banned
from binance_mcp.sandbox.http_messages import RefusedError
from binance_mcp.sandbox.rate_limits import RateLimits

MINUTE = 28_333_334 * 60.0
DAYS = 86_400.0


def refused_at(limits: RateLimits, now: float) -> object:
    with pytest.raises(RefusedError) as refused:
        limits.check("a", now)
    return refused.value.answer


def test_weight_adds_up_within_a_calendar_minute() -> None:
    limits = RateLimits()

    assert [limits.count("a", MINUTE + second) for second in (0, 30, 59.9, 60)] == [1, 2, 3, 1]


def test_ip_addresses_are_counted_apart() -> None:
    limits = RateLimits()
    limits.count("a", MINUTE, 2401)

    limits.count("b", MINUTE)

    limits.check("b", MINUTE)


def test_the_limit_itself_is_allowed_and_more_is_refused_until_the_minute_ends() -> None:
    limits = RateLimits()
    limits.count("a", MINUTE, 2400)
    limits.check("a", MINUTE)

    limits.count("a", MINUTE)

    assert refused_at(limits, MINUTE) == TOO_MANY_REQUESTS
    limits.count("a", MINUTE + 60)
    limits.check("a", MINUTE + 60)


def test_who_goes_on_is_banned_for_two_minutes() -> None:
    limits = RateLimits()
    limits.count("a", MINUTE, 2450)
    assert refused_at(limits, MINUTE) == TOO_MANY_REQUESTS

    limits.count("a", MINUTE + 1)

    assert refused_at(limits, MINUTE + 120.9) == banned(MINUTE + 121)
    assert limits.count("a", MINUTE + 121) == 1
    limits.check("a", MINUTE + 121)


def test_requests_during_a_ban_are_not_counted() -> None:
    limits = RateLimits()
    limits.count("a", MINUTE, 2451)

    assert limits.count("a", MINUTE + 1, 100) == 2451
    assert refused_at(limits, MINUTE + 1) == banned(MINUTE + 120)


def test_each_further_ban_is_twice_as_long_up_to_three_days() -> None:
    limits, now = RateLimits(), MINUTE

    for length in (120.0, 240.0, 480.0, *(120.0 * 2**n for n in range(3, 12)), 3 * DAYS, 3 * DAYS):
        limits.count("a", now, 2451)
        assert refused_at(limits, now) == banned(now + length)
        now += length


def test_the_ip_address_not_heard_of_for_longest_is_forgotten() -> None:
    limits = RateLimits()
    limits.count("first", MINUTE)
    limits.count("second", MINUTE)
    limits.count("first", MINUTE)

    for number in range(9_999):
        limits.count(str(number), MINUTE)

    assert limits.count("first", MINUTE) == 3
    assert limits.count("second", MINUTE) == 1
