from binance_mcp.futures.user_stream.attempts import Attempts
from binance_mcp.futures.user_stream.url_form import URL_FORMS


def test_pauses_double_up_to_a_bound_and_begin_again() -> None:
    attempts = Attempts(0.5, lambda: 0.5)
    pauses = [attempts.failed(URL_FORMS[0], now=100.0) for _ in range(9)]
    assert pauses == [0.5, 1, 2, 4, 8, 16, 32, 32, 32]
    assert attempts.retry_at == 132
    attempts.begin(200.0)
    assert attempts.retry_at == 200
    assert attempts.failed(URL_FORMS[0], now=200.0) == 0.5


def test_forms_that_failed_least_come_first() -> None:
    attempts = Attempts(30, lambda: 0.5)
    attempts.failed(URL_FORMS[1], now=0.0)
    assert attempts.ordered(URL_FORMS[1:]) == [URL_FORMS[2], URL_FORMS[1]]
