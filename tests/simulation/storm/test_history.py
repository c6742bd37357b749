import pytest

from tests.simulation.storm.history import History
from tests.simulation.storm.span import Span


def test_a_listen_key_extended_in_time_never_lapses() -> None:
    history = History()
    for at in (0.0, 3599.0, 7000.0):
        history.extend("key", at, is_ours=True)

    assert (history.keys, history.lapses, history.valid_until) == (["key"], [], 10_600.0)


def test_a_lapse_is_the_time_between_a_listen_key_and_the_next() -> None:
    history = History()
    history.extend("first", 0.0, is_ours=True)
    history.extend("second", 4000.0, is_ours=False)
    history.end(5000.0)
    history.extend("third", 5500.0, is_ours=True)

    assert history.lapses == [Span(3600.0, 4000.0), Span(5000.0, 5500.0)]
    assert history.extensions == [0.0, 5500.0]


def test_a_contradictory_exchange_fails_an_assertion() -> None:
    history = History()
    history.extend("first", 0.0, is_ours=True)

    with pytest.raises(AssertionError):
        history.extend("second", 3599.0, is_ours=True)
    with pytest.raises(AssertionError):
        history.extend("first", 3600.0, is_ours=True)
    with pytest.raises(AssertionError):
        history.end(3600.0)


def test_a_request_during_a_rate_limit_wait_is_a_trespass() -> None:
    history = History()
    history.request(1.0)
    history.waits.append(Span(1.0, 61.0))
    for at in (60.9, 61.0, 62.0):
        history.request(at)

    assert history.trespasses == [60.9]


def test_requests_are_counted_by_the_minute() -> None:
    history = History()
    for at in (59.0, 60.0, 61.0, 119.9, 120.0):
        history.request(at)

    assert history.busiest_minute == 3
