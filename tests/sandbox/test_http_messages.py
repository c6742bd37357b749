import pytest
from starlette.datastructures import Headers

from binance_mcp.sandbox.http_messages import (
    Answer,
    RefusedError,
    Request,
    Routes,
    compact_json,
    find_handler,
)
from binance_mcp.sandbox.moment import Moment

NOW = Moment(0, 0)
DONE = Answer(204, "")
ROUTES: Routes = {
    "/a": {"GET": lambda _request, _now: Answer(200, "got"), "PUT": lambda _request, _now: DONE}
}


def request(method: str, path: str) -> Request:
    return Request(method, path, "", Headers(), "127.0.0.1")


def test_a_request_is_read_from_its_scope() -> None:
    scope = {
        "type": "http",
        "method": "PUT",
        "path": "/a",
        "query_string": b"x=%41&y=\xff",
        "headers": [(b"x-mbx-apikey", b"k")],
        "client": ("10.0.0.1", 55),
    }

    read = Request.of(scope)

    assert (read.method, read.path, read.query) == (
        "PUT",
        "/a",
        "x=%41&y=\N{REPLACEMENT CHARACTER}",
    )
    assert (read.headers["X-MBX-APIKEY"], read.peer, read.body) == ("k", "10.0.0.1", b"")


@pytest.mark.parametrize("scope", [{}, {"client": None}])
def test_a_handshake_is_a_get_from_nobody_if_the_server_does_not_tell(
    scope: dict[str, object],
) -> None:
    read = Request.of({"path": "/ws", "query_string": b"", "headers": [], **scope})

    assert (read.method, read.peer) == ("GET", "")


def test_requests_and_answers_do_not_show_their_secrets() -> None:
    shown = repr(Request("GET", "/ws/key", "key", Headers({"a": "key"}), "ip", b"key"))

    assert "key" not in shown + repr(Answer(200, {"listenKey": "key"}))


def test_an_answer_is_compact_json_or_its_text() -> None:
    assert Answer(200, {"a": [1, None]}).body == b'{"a":[1,null]}'
    assert Answer(200, "a\n").body == b"a\n"


def test_a_header_is_added_to_a_copy() -> None:
    answer = Answer(200, {}).with_header("A", 1)

    assert answer.with_header("B", "2").headers == {"A": "1", "B": "2"}
    assert answer.headers == {"A": "1"}


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_number_that_json_does_not_have_is_refused(number: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        compact_json({"a": number})


def test_a_handler_is_found_by_path_and_method() -> None:
    asked = request("PUT", "/a")

    assert find_handler(ROUTES, asked)(asked, NOW) is DONE


def test_an_unknown_path_is_404() -> None:
    with pytest.raises(RefusedError) as refused:
        find_handler(ROUTES, request("GET", "/a/"))

    assert refused.value.answer == Answer(
        404, {"code": -5000, "msg": "Path /a/, Method GET is invalid"}
    )


def test_a_wrong_method_is_405_and_the_right_ones_are_told() -> None:
    with pytest.raises(RefusedError) as refused:
        find_handler(ROUTES, request("POST", "/a"))

    assert refused.value.answer.status == 405
    assert refused.value.answer.headers == {"Allow": "GET, PUT"}
