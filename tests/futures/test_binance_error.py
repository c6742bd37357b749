from binance_mcp.futures import binance_error
from binance_mcp.futures.binance_error import BinanceError
from tests.error_tree import drawn_tree, real_tree


def test_the_error_tree_in_the_docstring_matches_the_classes() -> None:
    assert drawn_tree(binance_error) == real_tree(binance_error)


def test_a_binance_error_has_status_code_and_retry_after_of_the_answer() -> None:
    error = BinanceError("refused", status=429, code=-1003, retry_after=12.0)
    assert str(error) == "refused"
    assert (error.status, error.code, error.retry_after) == (429, -1003, 12.0)


def test_a_binance_error_without_an_answer_has_no_status_or_code() -> None:
    error = BinanceError("no answer")
    assert (error.status, error.code, error.retry_after) == (None, None, None)


def test_only_transient_errors_are_retryable() -> None:
    retryable = [
        name
        for name, _ in drawn_tree(binance_error)
        if getattr(getattr(binance_error, name), "is_retryable", False)
    ]
    assert retryable == [
        "UnreachableError",
        "TimedOutError",
        "UnreadableAnswerError",
        "BackendTimeoutError",
        "UnknownOutcomeError",
        "UnavailableError",
    ]
