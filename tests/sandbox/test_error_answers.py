from binance_mcp.sandbox.error_answers import (
    TOO_MANY_REQUESTS,
    answer,
    banned,
    illegal_characters,
    malformed,
)


def test_an_error_answer_has_the_shape_of_binance() -> None:
    assert answer(400, -1121, "Invalid symbol.").body == b'{"code":-1121,"msg":"Invalid symbol."}'


def test_too_many_requests_tells_the_limit() -> None:
    assert b"current limit is 2400 requests per minute" in TOO_MANY_REQUESTS.body


def test_a_ban_tells_its_end_in_milliseconds() -> None:
    ban = banned(1_700_000_000.5)

    assert ban.status == 418
    assert b'"Way too many requests; IP banned until 1700000000500. ' in ban.body


def test_a_parameter_is_named() -> None:
    assert b"'timestamp' was not sent, was empty/null, or malformed." in malformed("timestamp").body
    assert (
        b"in parameter 'recvWindow'; legal range is '[0-9]'"
        in illegal_characters("recvWindow", "[0-9]").body
    )
