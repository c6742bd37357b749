import gc

import anyio
import pytest

from binance_mcp.futures.binance_error import UnavailableError
from binance_mcp.futures.shared_calls import SharedCalls


def fail(calls: SharedCalls, recv_window: float | None) -> None:
    with pytest.raises(UnavailableError), calls.one(recv_window):
        raise UnavailableError("out of order")


def test_a_success_is_shared_with_earlier_calls_and_not_with_later_ones() -> None:
    calls = SharedCalls()
    seen = calls.last
    with calls.one(None):
        pass

    assert calls.have_succeeded_since(seen, None)
    assert calls.have_succeeded_since(seen, 5.0)
    assert not calls.have_succeeded_since(calls.last, None)


def test_two_equal_results_are_different_results() -> None:
    calls = SharedCalls()
    for _ in range(2):
        seen = calls.last
        with calls.one(None):
            pass
        assert calls.have_succeeded_since(seen, None)


def test_a_failure_is_shared_by_calls_with_the_same_parameters() -> None:
    calls = SharedCalls()
    seen = calls.last
    fail(calls, 0.001)

    assert not calls.have_succeeded_since(seen, None)
    assert not calls.have_succeeded_since(calls.last, 0.001)
    with pytest.raises(UnavailableError, match="out of order"):
        calls.have_succeeded_since(seen, 0.001)


def failures_in_memory() -> int:
    """Return how many there are: other tests have some as parameters."""
    gc.collect()
    return sum(isinstance(each, UnavailableError) for each in gc.get_objects())


def test_failures_do_not_keep_each_other_in_memory() -> None:
    calls = SharedCalls()

    def fail_and_share() -> None:
        seen = calls.last
        fail(calls, None)
        with pytest.raises(UnavailableError):
            calls.have_succeeded_since(seen, None)

    before = failures_in_memory()
    for _ in range(10):
        fail_and_share()
    assert failures_in_memory() == before + 1


@pytest.mark.anyio
async def test_a_cancelled_call_has_no_result_to_share() -> None:
    calls = SharedCalls()
    seen = calls.last
    with anyio.move_on_after(1), calls.one(None):
        await anyio.sleep(2)

    assert calls.last is seen
