from typing import Final

import pytest

from binance_mcp.futures.answer import Answer
from binance_mcp.futures.binance_error import (
    BinanceError,
    ParameterError,
    TooManyRequestsError,
    UnknownOutcomeError,
    UnknownSymbolError,
    UnreadableAnswerError,
)

NOW: Final = 1_700_000_040.0


@pytest.mark.parametrize(
    ("body", "rows"),
    [
        (b"[]", []),
        (b'[{"id":1},{"id":2}]', [{"id": 1}, {"id": 2}]),
        (b'[5,{"id":1},null]', [{"id": 1}]),
    ],
)
def test_the_rows_of_an_answer_are_the_objects_of_its_list(body: bytes, rows: object) -> None:
    assert Answer(200, {}, body).rows(NOW) == rows


@pytest.mark.parametrize("body", [b"{}", b'{"rows":[]}', b'"rows"', b"null", b"[", b""])
def test_an_answer_without_a_list_has_no_rows(body: bytes) -> None:
    with pytest.raises(UnreadableAnswerError) as unreadable:
        Answer(200, {}, body).rows(NOW)
    assert unreadable.value.status == 200


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, b'{"code":-1102,"msg":"symbol"}', ParameterError),
        (200, b'{"code":-1121,"msg":"Invalid symbol."}', UnknownSymbolError),
        (429, b"[]", TooManyRequestsError),
        (500, b"[]", UnknownOutcomeError),
    ],
)
def test_an_error_instead_of_rows_is_that_error(
    status: int, body: bytes, kind: type[BinanceError]
) -> None:
    with pytest.raises(kind) as refused:
        Answer(status, {}, body).rows(NOW)
    assert (type(refused.value), refused.value.status) == (kind, status)
