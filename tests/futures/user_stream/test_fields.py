from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binance_mcp.futures.user_stream.fields import Fields
from tests.futures.user_stream.test_event import ANYTHING


def of(value: object) -> Fields:
    return Fields({"x": value})


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ("64089.20", "64,089.20"),
        ("0.010", "0.010"),
        ("100", "100"),
        ("1000", "1,000"),
        ("-1234567.00000000", "-1,234,567.00000000"),
        ("123456789012345678901234567890.1", "123,456,789,012,345,678,901,234,567,890.1"),
        ("007", "007"),
        ("1E-7", "1E-7"),
        (20, "20"),
        ("", "unknown price"),
        ("1,5", "unknown price"),
        ("٣", "unknown price"),
        (0.1, "unknown price"),
        (True, "unknown price"),
        (None, "unknown price"),
        ([], "unknown price"),
    ],
)
def test_a_decimal_is_told_digit_by_digit_as_it_was_sent(sent: object, told: str) -> None:
    assert of(sent).decimal("x", "price") == told


@pytest.mark.parametrize(
    ("sent", "known"),
    [("64089.20", "64089.20"), (5, "5"), ("two words", None), (None, None), (True, None)],
)
def test_a_word_or_a_number_is_known_and_nothing_else(sent: object, known: str | None) -> None:
    assert of(sent).known("x") == known


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**29), max_value=10**29))
def test_no_digit_of_a_decimal_is_lost(number: Any) -> None:  # noqa: ANN401  # a Decimal
    sent = f"{number:f}"
    if len(sent.partition(".")[2]) <= 30:
        assert of(sent).decimal("x", "price").replace(",", "") == sent


@pytest.mark.parametrize("sent", ["0", "0.00", "-0.0", "", ".", "-", None, 0, 5, "x"])
def test_zero_and_what_is_no_decimal_is_left_out(sent: object) -> None:
    assert of(sent).unless_zero("x", ", fee ") == ""


def test_a_decimal_has_its_words_around_it() -> None:
    assert of("5.0").unless_zero("x", ", callback rate ", "%") == ", callback rate 5.0%"


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ("STOP_MARKET", "STOP_MARKET"),
        (8886774, "8886774"),
        (2**63 - 1, "9223372036854775807"),
        (10**40, "unknown id"),
        ("two words", "unknown id"),
        ("x" * 41, "unknown id"),
        ("币安", "unknown id"),
        (False, "unknown id"),
        ({}, "unknown id"),
        (None, "unknown id"),
    ],
)
def test_a_word_is_short_and_plain(sent: object, told: str) -> None:
    assert of(sent).word("x", "id") == told


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ("BTCUSDT_250926", "BTCUSDT_250926"),
        ("币安人生USDT", "币安人生USDT"),
        ("BTC USDT", "unknown symbol"),
        ("B" * 25, "unknown symbol"),
        ("BTC\u202eUSDT", "unknown symbol"),
        (None, "unknown symbol"),
    ],
)
def test_a_symbol_has_letters_of_any_script(sent: object, told: str) -> None:
    assert of(sent).symbol("x") == told


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ("Reduce Only reject", ': "Reduce Only reject"'),
        ('a" and\nb\\', ': "a\\" and\\nb\\\\"'),
        ("\u202eabc\u2028", ': "\\u202eabc\\u2028"'),
        ("x" * 80, f': "{"x" * 80}"'),
        ("x" * 81, f': "{"x" * 80}…"'),
        ('"' * 41, ': "' + '\\"' * 40 + '…"'),
        ("x" * 79 + '"', f': "{"x" * 79}…"'),
        ("", ""),
        (None, ""),
        (["x"], ""),
    ],
)
def test_a_text_is_quoted_escaped_and_cut(sent: object, told: str) -> None:
    assert of(sent).quoted("x", ": ") == told


@pytest.mark.parametrize(("sent", "told"), [(True, True), (False, False), (1, None), (None, None)])
def test_a_flag_is_true_or_false_or_unknown(sent: object, told: object) -> None:
    assert of(sent).flag("x") is told


@pytest.mark.parametrize(
    ("sent", "compared"),
    [
        (8886774, "8886774"),
        (2**70, "1180591620717411303424"),
        (0, ""),
        (-5, ""),
        (True, ""),
        (5.0, ""),
        ("5", ""),
        (None, ""),
    ],
)
def test_a_number_is_compared_if_it_is_whole_and_positive(sent: object, compared: str) -> None:
    assert of(sent).number("x") == compared


def test_what_is_no_object_has_no_fields() -> None:
    assert of([1]).part("x").data == {}
    assert of({"y": 1}).part("x").data == {"y": 1}
    assert of({}).parts("x") == []
    assert of([{"y": 1}, 5]).parts("x") == [Fields({"y": 1})]


def test_the_names_of_fields_are_words_too() -> None:
    assert Fields({"a": 1, "b c": 2}).names() == ["a", "unknown field"]


@given(ANYTHING)
def test_nothing_in_a_field_is_too_strange_to_be_told(sent: object) -> None:
    fields = of(sent)
    told = [
        fields.word("x", "id"),
        fields.symbol("x"),
        fields.decimal("x", "price"),
        fields.unless_zero("x", " "),
        fields.quoted("x", " "),
    ]
    assert all(each.isprintable() and len(each) <= 90 for each in told)
    assert fields.number("x") == "" or isinstance(sent, int)
