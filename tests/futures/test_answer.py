import json
from collections.abc import Iterator
from typing import Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from binance_mcp.futures.answer import Answer
from binance_mcp.futures.binance_error import (
    BackendTimeoutError,
    BadApiKeyFormatError,
    BinanceError,
    FirewallError,
    InvalidListenKeyError,
    InvalidSignatureError,
    InvalidTimestampError,
    IpBannedError,
    MissingApiKeyError,
    MissingSecretError,
    NetworkSettingsError,
    ParameterError,
    ReadBudgetError,
    RejectedApiKeyError,
    RestrictedLocationError,
    TimedOutError,
    TooManyRequestsError,
    UnavailableError,
    UnexpectedAnswerError,
    UnknownOutcomeError,
    UnknownSymbolError,
    UnreachableError,
    UnreadableAnswerError,
    UnreadParameterError,
)

NOW: Final = 1_700_000_040.0
THREE_DAYS: Final = 259_200.0
HTML: Final = b"<html><body>403 ERROR</body></html>"
JSON_ERRORS: Final[list[tuple[int, int, str, type[BinanceError]]]] = [
    (400, -1021, "Timestamp for this request is outside of the recvWindow.", InvalidTimestampError),
    (400, -1022, "Signature for this request is not valid.", InvalidSignatureError),
    (400, -1100, "Illegal characters found in a parameter.", ParameterError),
    (400, -1101, "Too many parameters; expected '0' and received '2'.", UnreadParameterError),
    (400, -1102, "Mandatory parameter 'timestamp' was not sent.", ParameterError),
    (400, -1103, "An unknown parameter was sent.", ParameterError),
    (400, -1104, "Not all sent parameters were read; read '0'.", UnreadParameterError),
    (400, -1105, "A parameter was empty.", ParameterError),
    (400, -1106, "A parameter was sent when not required.", ParameterError),
    (400, -1121, "Invalid symbol.", UnknownSymbolError),
    (400, -1125, "This listenKey does not exist.", InvalidListenKeyError),
    (400, -4109, "This account is inactive.", RejectedApiKeyError),
    (400, -9999, "A code of tomorrow.", UnexpectedAnswerError),
    (401, -1099, "Not found, unauthenticated, or unauthorized.", RejectedApiKeyError),
    (401, -2014, "API-key format invalid.", BadApiKeyFormatError),
    (401, -2015, "Invalid API-key, IP, or permissions for action.", RejectedApiKeyError),
    (401, -2017, "API Keys are locked on this account.", RejectedApiKeyError),
    (404, -5000, "Path /fapi/v9, Method GET is invalid", UnexpectedAnswerError),
    (408, -1007, "Timeout waiting for response from backend server.", BackendTimeoutError),
    (418, -1003, "Way too many requests; IP banned until 1700000100000.", IpBannedError),
    (429, -1003, "Too many requests; current limit is 2400.", TooManyRequestsError),
    (429, -1015, "Too many new orders.", TooManyRequestsError),
    (451, 0, "Service unavailable from a restricted location.", RestrictedLocationError),
    (500, -1000, "An unknown error occured while processing.", UnknownOutcomeError),
    (503, -1000, "Unknown error, please check your request.", UnknownOutcomeError),
    (503, -1001, "Internal error; unable to process your request.", UnavailableError),
    (503, -1008, "Request throttled by system-level protection.", UnavailableError),
    (503, -1016, "This service is no longer available.", UnavailableError),
    (200, -1003, "Too many requests.", TooManyRequestsError),
    (200, -1125, "This listenKey does not exist.", InvalidListenKeyError),
    (200, -9999, "A code of tomorrow.", UnexpectedAnswerError),
]
OTHER_ERRORS: Final[list[tuple[int, bytes, type[BinanceError]]]] = [
    (403, HTML, FirewallError),
    (408, HTML, BackendTimeoutError),
    (418, HTML, IpBannedError),
    (429, b"", TooManyRequestsError),
    (451, HTML, RestrictedLocationError),
    (500, b'{"msg":"Request occur unknown error."}', UnknownOutcomeError),
    (502, HTML, UnknownOutcomeError),
    (503, b"Service Unavailable.", UnavailableError),
    (503, b'{"msg":"Service Unavailable."}', UnavailableError),
    (503, b'{"msg":"Unknown error, please check your request."}', UnknownOutcomeError),
    (504, HTML, UnknownOutcomeError),
    (204, b"", UnexpectedAnswerError),
    (301, b"", UnexpectedAnswerError),
    (400, HTML, UnexpectedAnswerError),
    (404, HTML, UnexpectedAnswerError),
    (200, b"", UnreadableAnswerError),
    (200, HTML, UnreadableAnswerError),
    (200, b"\xff\xfe\xff", UnreadableAnswerError),
    (200, b"[]", UnreadableAnswerError),
    (200, b'"listenKey"', UnreadableAnswerError),
    (200, b"null", UnreadableAnswerError),
    (200, b"[" * 100_000, UnreadableAnswerError),
    (200, b'{"a":' * 100_000, UnreadableAnswerError),
]
RETRYABLE: Final = {
    UnreachableError,
    TimedOutError,
    UnreadableAnswerError,
    BackendTimeoutError,
    UnknownOutcomeError,
    UnavailableError,
}
WITHOUT_AN_ANSWER: Final = {
    MissingApiKeyError,
    MissingSecretError,
    NetworkSettingsError,
    ReadBudgetError,
    UnreachableError,
    TimedOutError,
}


def error_of(
    status: int, body: bytes | dict[str, object], headers: dict[str, str] | None = None
) -> BinanceError:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    with pytest.raises(BinanceError) as raised:
        Answer(status, headers or {}, content).payload(NOW)
    return raised.value


def descendants(error: type[BinanceError]) -> Iterator[type[BinanceError]]:
    for child in error.__subclasses__():
        yield child
        yield from descendants(child)


@pytest.mark.parametrize(("status", "code", "message", "expected"), JSON_ERRORS)
def test_a_binance_error_has_its_class_status_code_and_message(
    status: int, code: int, message: str, expected: type[BinanceError]
) -> None:
    error = error_of(status, {"code": code, "msg": message})

    assert type(error) is expected
    assert (error.status, error.code) == (status, code)
    assert str(error) == f"Binance answered {status}, code {code}: {message}"


@pytest.mark.parametrize(("status", "body", "expected"), OTHER_ERRORS)
def test_an_answer_without_an_error_code_is_classified_by_its_http_status(
    status: int, body: bytes, expected: type[BinanceError]
) -> None:
    error = error_of(status, body)

    assert type(error) is expected
    assert (error.status, error.code) == (status, None)


def test_every_binance_error_class_comes_either_from_an_answer_or_from_none() -> None:
    from_answers = {row[-1] for row in (*JSON_ERRORS, *OTHER_ERRORS)}

    assert from_answers | WITHOUT_AN_ANSWER == set(descendants(BinanceError))
    assert not from_answers & WITHOUT_AN_ANSWER


def test_only_transient_binance_errors_are_retryable() -> None:
    assert {error for error in descendants(BinanceError) if error.is_retryable} == RETRYABLE


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 499])
@pytest.mark.parametrize("code", [-1000, -1001, -1007, -1008, -1016])
def test_a_refused_request_is_not_retryable_whatever_its_code(status: int, code: int) -> None:
    assert not error_of(
        status, {"code": code, "msg": "Unknown error, please try again."}
    ).is_retryable


@pytest.mark.parametrize(
    "content",
    [{}, {"listenKey": "a"}, {"code": 0}, {"code": 200, "msg": "ok"}, {"code": "-1"}],
)
def test_a_200_answer_is_the_payload_unless_its_code_is_negative(
    content: dict[str, object],
) -> None:
    assert Answer(200, {}, json.dumps(content).encode()).payload(NOW) == content


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"", "Binance answered 502 without a body"),
        (HTML, "Binance answered 502 with something other than the JSON it documents"),
        (b'{"msg":"Bad\\r\\n  gateway\\u2028"}', "Binance answered 502: Bad gateway"),
        (b'{"msg":"a\\u0000b\\u001b[31mc\\ud800"}', "Binance answered 502: ab[31mc"),
        (b'{"msg":["Bad gateway"],"code":-1}', "Binance answered 502, code -1: "),
        (b'{"code":true}', "Binance answered 502 with something other than the JSON it documents"),
    ],
)
def test_the_error_message_is_one_printable_line(body: bytes, text: str) -> None:
    assert str(error_of(502, body)) == text


def test_a_long_error_message_is_truncated() -> None:
    text = str(error_of(400, {"code": -1100, "msg": "too long " * 1000}))

    assert len(text) == len("Binance answered 400, code -1100: ") + 300


def test_keys_are_masked_before_the_error_message_is_truncated() -> None:
    key = "k3y5" * 10
    text = str(error_of(400, {"code": -1100, "msg": f"{'x ' * 145}{key} and so on"}))

    assert text.endswith("x k3y5… and ")


@pytest.mark.parametrize("count", [39, 40])
def test_only_tokens_of_at_least_40_characters_are_masked_as_keys(count: int) -> None:
    text = str(error_of(400, {"code": -1100, "msg": f"'{'a' * count}'"}))

    assert ("a" * count in text) == (count < 40)


@pytest.mark.parametrize(
    ("header", "message", "wait"),
    [
        ("7", "", 7.0),
        ("0", "", 0.0),
        ("7", "banned until 1700000100000", 7.0),
        (None, "IP banned until 1700000100000.", 60.0),
        ("Wed, 21 Oct 2026 07:28:00 GMT", "banned until 1700000100000", 60.0),
        (None, "banned until 1600000000000", 0.0),
        (None, "banned until 9999999999999", THREE_DAYS),
        ("259201", "", THREE_DAYS),
        ("999999999999999", "", THREE_DAYS),
        (None, "banned until tomorrow", None),
        (None, "banned until 17000001000000", None),
        ("-7", "", None),
        ("\u0667", "", None),
        ("9" * 5000, "", None),
    ],
)
def test_retry_after_is_read_from_the_header_or_the_ban_up_to_three_days(
    header: str | None, message: str, wait: float | None
) -> None:
    headers = {} if header is None else {"retry-after": header}

    assert error_of(418, {"code": -1003, "msg": message}, headers).retry_after == wait


@pytest.mark.parametrize(
    ("headers", "used"),
    [
        ({"x-mbx-used-weight-1m": "2160"}, 2160),
        ({"x-mbx-used-weight-1m": "many"}, None),
        ({"x-mbx-used-weight-1m": "9" * 5000}, None),
        ({}, None),
    ],
)
def test_the_used_weight_is_read_if_it_is_a_number(
    headers: dict[str, str], used: int | None
) -> None:
    assert Answer(200, headers, b"{}").used_weight == used


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
)
bodies = st.binary() | st.fixed_dictionaries(
    {}, optional={"code": json_values, "msg": json_values, "listenKey": json_values}
).map(lambda content: json.dumps(content).encode())
header_values = st.text() | st.integers().map(str)
all_headers = st.dictionaries(
    st.sampled_from(["retry-after", "x-mbx-used-weight-1m"]), header_values
)


@given(st.integers(100, 599), all_headers, bodies, st.floats(0, 1e11))
@example(429, {"retry-after": "9" * 5000}, b"", NOW)
@example(500, {}, b'{"code":-%s}' % (b"9" * 4000), NOW)
@example(500, {}, b'{"code":-%s}' % (b"9" * 5000), NOW)
@example(400, {}, b'{"msg":%s%s}' % (b"[" * 900, b"]" * 900), NOW)
def test_every_answer_is_an_object_or_exactly_one_error(
    status: int, headers: dict[str, str], body: bytes, server_time: float
) -> None:
    answer = Answer(status, headers, body)

    assert answer.used_weight is None or answer.used_weight >= 0
    try:
        payload = answer.payload(server_time)
    except BinanceError as error:
        check(error, status)
    else:
        assert status == 200
        assert payload == json.loads(body)


def check(error: BinanceError, status: int) -> None:
    assert type(error) in set(descendants(BinanceError)) - WITHOUT_AN_ANSWER
    assert error.status == status
    assert str(error).isprintable()
    assert len(str(error)) < 400
    assert error.retry_after is None or 0 <= error.retry_after <= THREE_DAYS
