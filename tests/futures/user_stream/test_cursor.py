import pytest
from hypothesis import given
from hypothesis import strategies as st

from binance_mcp.futures.user_stream.cursor import Cursor

NUMBERS = st.integers(min_value=0, max_value=10**12)


@given(st.integers(0, 999_999), NUMBERS, NUMBERS)
def test_a_cursor_is_what_its_text_stands_for(life: int, sequence: int, gap: int) -> None:
    cursor = Cursor("0123abcd", life, sequence, gap)
    assert Cursor.parsed(str(cursor)) == cursor


@pytest.mark.parametrize(
    "text", ["", "x", "0123abcd-0-0", "0123ABCD-0-0-0", "0123abcd-0--1-0", "٣"]
)
def test_other_texts_are_none(text: str) -> None:
    assert Cursor.parsed(text) is None
