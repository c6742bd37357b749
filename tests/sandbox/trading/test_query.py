import pytest
from starlette.datastructures import Headers

from binance_mcp.sandbox.http_messages import RefusedError, Request
from binance_mcp.sandbox.trading.query import WEEK, Query

NOW = 100 * WEEK


def query(text: str = "") -> Query:
    return Query(Request("GET", "/", text, Headers(), ""))


def test_a_parameter_that_is_empty_was_not_sent() -> None:
    asked = query("symbol=&limit=5")

    assert (asked.text("symbol"), asked.number("orderId"), asked.number("limit")) == (None, None, 5)
    assert query("symbol=A").required("symbol") == "A"


@pytest.mark.parametrize(
    ("text", "longest", "first", "last"),
    [
        ("", None, NOW - WEEK, NOW),
        ("", 10, NOW - 10, NOW),
        ("startTime=50", None, 50, NOW),
        ("startTime=50", 10, 50, 60),
        ("endTime=50", 10, 40, 50),
        ("startTime=50&endTime=60", 10, 50, 60),
        ("startTime=50&endTime=50", 10, 50, 50),
        ("startTime=1&endTime=99", None, 1, 99),
    ],
)
def test_a_window_is_as_long_as_it_may_be(
    text: str, longest: int | None, first: int, last: int
) -> None:
    window = query(text).window(NOW, longest)

    assert (window[0], window[-1]) == (first, last)
    assert query(text).has_time is bool(text)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("startTime=50&endTime=61", -4165),
        ("startTime=50&endTime=49", -1102),
        ("startTime=x", -1100),
        ("endTime=-1", -1100),
    ],
)
def test_a_window_that_is_none_or_too_long_is_refused(text: str, code: int) -> None:
    with pytest.raises(RefusedError, match=str(code)):
        query(text).window(NOW, 10)


def test_a_mandatory_parameter_must_be_sent() -> None:
    with pytest.raises(RefusedError, match="Mandatory parameter 'symbol' was not sent"):
        query("symbol=").required("symbol")


@pytest.mark.parametrize(("text", "count"), [("", 7), ("page=1", 1), ("page=9", 9)])
def test_counts_begin_with_one(text: str, count: int) -> None:
    assert query(text).count("page", 7, 9) == count
    assert query("page=99").count("page", 7) == 99


@pytest.mark.parametrize(
    ("text", "code"), [("page=0", -1130), ("page=10", -1130), ("page=a", -1100)]
)
def test_a_count_that_is_none_is_refused(text: str, code: int) -> None:
    with pytest.raises(RefusedError, match=str(code)):
        query(text).count("page", 7, 9)


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("limit=2", [4, 5]),
        ("limit=2&endTime=9", [4, 5]),
        ("limit=2&startTime=9", [1, 2]),
        ("limit=2&fromId=1", [1, 2]),
        ("", [1, 2, 3, 4, 5]),
    ],
)
def test_the_newest_rows_are_shown_unless_there_is_a_start(text: str, rows: list[int]) -> None:
    assert query(text).newest_or_next([1, 2, 3, 4, 5], "fromId") == rows
