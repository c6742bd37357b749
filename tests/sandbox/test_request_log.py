import pytest
from starlette.datastructures import Headers

from binance_mcp.sandbox.http_messages import Request
from binance_mcp.sandbox.request_log import RecordedRequest, RequestLog

KEY = "WsCMN0a4KHUPTQuX6IUnqEZfB1inxmv1qR4kbf1LuEjur5VdbzqvyxqG9TSjVVxv"


def recorded(path: str = "/", query: str = "", body: bytes = b"") -> RecordedRequest:
    recorder = RequestLog()
    recorder.add(Request("PUT", path, query, Headers({"X-MBX-APIKEY": KEY}), "", body), 200)
    return recorder.requests[0]


def test_a_request_is_kept_with_the_names_of_its_headers() -> None:
    assert recorded("/fapi/v1/listenKey", "a=1", b"b=2") == RecordedRequest(
        method="PUT",
        path="/fapi/v1/listenKey",
        query="a=1",
        body="b=2",
        headers=("x-mbx-apikey",),
        status=200,
    )


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        (f"listenKey={KEY}", "listenKey=WsCM…"),
        (f"a=b&signature={KEY}&apiKey={KEY}", "a=b&signature=WsCM…&apiKey=WsCM…"),
        (
            f"listenKey={KEY}&events=A/B&listenKey=123456789012",
            "listenKey=WsCM…&events=A/B&listenKey=1234…",
        ),
        (f"%6CistenKey={KEY}", "%6CistenKey=WsCM…"),
        ("signature=12345678901", "signature=*"),
        ("signature=", "signature=*"),
        ("signature", "signature"),
        ("", ""),
    ],
)
def test_secrets_are_masked_in_query_and_form(sent: str, shown: str) -> None:
    assert recorded(query=sent).query == recorded(body=sent.encode()).body == shown


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        (f'{{"id":1,"apiKey": "{KEY}"}}', '{"id":1,"apiKey": "WsCM…"}'),
        (f'[{{"listenKey":"a\\"b{KEY}"}}]', '[{"listenKey":"a\\"b…"}]'),
        ('{"signature":"short"}', '{"signature":"*"}'),
    ],
)
def test_secrets_are_masked_in_json(sent: str, shown: str) -> None:
    assert recorded(body=sent.encode()).body == shown


@pytest.mark.parametrize("root", ["", "/private", "/market"])
def test_a_listen_key_in_the_path_is_masked(root: str) -> None:
    assert recorded(f"{root}/ws/{KEY}").path == f"{root}/ws/WsCM…"
    assert recorded(f"{root}/ws/short").path == f"{root}/ws/*"
    assert recorded(f"{root}/ws").path == f"{root}/ws"


def test_a_body_that_is_no_text_is_kept_as_far_as_it_is() -> None:
    assert recorded(body=b"a\xff").body == "a\N{REPLACEMENT CHARACTER}"


def test_what_is_very_long_is_shortened() -> None:
    shown = recorded("/" + "p" * 2000, "q" * 2000, b"b" * 2001)

    assert [len(shown.path), len(shown.query), len(shown.body)] == [2001, 2000, 2001]
    assert (shown.path[-1], shown.query[-1], shown.body[-1]) == ("…", "q", "…")


def test_the_last_ten_thousand_requests_are_kept_newest_last() -> None:
    recorder = RequestLog()
    for number in range(10_001):
        recorder.add(Request("GET", f"/{number}", "", Headers(), ""), None)

    assert (len(recorder.requests), recorder.requests[0].path) == (10_000, "/1")
    assert recorder.requests[-1].path == "/10000"


def test_requests_can_be_forgotten() -> None:
    recorder = RequestLog()
    recorder.add(Request("GET", "/", "", Headers(), ""), 404)

    recorder.clear()

    assert recorder.requests == ()
