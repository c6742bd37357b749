import json

import pytest
from starlette.datastructures import Headers

from binance_mcp.sandbox.accounts import Accounts
from binance_mcp.sandbox.authentication import verifier
from binance_mcp.sandbox.error_answers import (
    BAD_API_KEY_FORMAT,
    INVALID_LISTEN_KEY,
    INVALID_SIGNATURE,
    REJECTED_API_KEY,
    TOO_MANY_REQUESTS,
)
from binance_mcp.sandbox.faults import Fault, Faults
from binance_mcp.sandbox.http_messages import Answer, Request
from binance_mcp.sandbox.moment import Moment
from binance_mcp.sandbox.rest import Rest
from binance_mcp.sandbox.trading.ledger import Ledgers
from binance_mcp.sandbox.unanswered import Unanswered

LISTEN_KEY = "/fapi/v1/listenKey"
NOW = Moment(0, 1_700_000_040.5)


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def rest(faults: Faults) -> Rest:
    exchange = Accounts(3600)
    exchange.add_account("alice", verifier("secret of alice", None))
    return Rest(exchange, faults, Ledgers(exchange, lambda: NOW))


def sent(
    method: str, path: str = LISTEN_KEY, *, api_key: str = "alice", query: str = "", ip: str = "a"
) -> Request:
    headers = Headers({"x-mbx-apikey": api_key} if api_key else {})
    return Request(method, path, query, headers, ip)


def answer(rest: Rest, request: Request, now: Moment = NOW) -> Answer:
    outcome = rest.outcome(request, now)
    assert isinstance(outcome, Answer)
    return outcome


def payload(rest: Rest, request: Request, now: Moment = NOW) -> dict[str, str]:
    answered = answer(rest, request, now)
    assert answered.status == 200
    return json.loads(answered.body)


def refusal(rest: Rest, request: Request, now: Moment = NOW) -> tuple[int, object]:
    answered = answer(rest, request, now)
    return answered.status, answered.content


def said(refused: Answer) -> tuple[int, object]:
    return refused.status, refused.content


def test_ping_says_nothing(rest: Rest) -> None:
    assert payload(rest, sent("GET", "/fapi/v1/ping", api_key="")) == {}


def test_time_is_server_time_in_milliseconds(rest: Rest) -> None:
    assert payload(rest, sent("GET", "/fapi/v1/time", api_key="")) == {
        "serverTime": 1_700_000_040_500
    }


def test_exchange_info_tells_the_rate_limits(rest: Rest) -> None:
    assert payload(rest, sent("GET", "/fapi/v1/exchangeInfo", api_key="")) == {
        "timezone": "UTC",
        "serverTime": 1_700_000_040_500,
        "rateLimits": [
            {
                "rateLimitType": "REQUEST_WEIGHT",
                "interval": "MINUTE",
                "intervalNum": 1,
                "limit": 2400,
            },
            {"rateLimitType": "ORDERS", "interval": "MINUTE", "intervalNum": 1, "limit": 1200},
            {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 300},
        ],
        "exchangeFilters": [],
        "assets": [],
        "symbols": [],
    }


def test_post_returns_the_active_key_and_extends_it(rest: Rest) -> None:
    created = payload(rest, sent("POST"))

    assert payload(rest, sent("POST"), Moment(3599, 0)) == created
    assert payload(rest, sent("PUT"), Moment(7198, 0)) == created


def test_put_returns_the_key_it_extends(rest: Rest) -> None:
    created = payload(rest, sent("POST"))

    assert payload(rest, sent("PUT"), Moment(3599, 0)) == created
    assert payload(rest, sent("POST"), Moment(7198, 0)) == created


def test_put_after_sixty_minutes_finds_no_key(rest: Rest) -> None:
    created = payload(rest, sent("POST"))

    assert refusal(rest, sent("PUT"), Moment(3600, 0)) == said(INVALID_LISTEN_KEY)
    assert payload(rest, sent("POST"), Moment(3600, 0)) != created


def test_delete_says_nothing_and_leaves_no_key(rest: Rest) -> None:
    payload(rest, sent("POST"))

    assert payload(rest, sent("DELETE")) == {}
    assert refusal(rest, sent("DELETE")) == said(INVALID_LISTEN_KEY)
    assert refusal(rest, sent("PUT")) == said(INVALID_LISTEN_KEY)


def test_a_listen_key_that_is_sent_is_not_looked_at(rest: Rest) -> None:
    created = payload(rest, sent("POST"))

    assert payload(rest, sent("PUT", query="listenKey=another")) == created


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
@pytest.mark.parametrize(
    ("api_key", "query", "refused"),
    [
        ("", "", BAD_API_KEY_FORMAT),
        ("bob", "", REJECTED_API_KEY),
        ("alice", "signature=0", INVALID_SIGNATURE),
    ],
)
def test_every_listen_key_request_is_authenticated(
    rest: Rest, method: str, api_key: str, query: str, refused: Answer
) -> None:
    assert refusal(rest, sent(method, api_key=api_key, query=query)) == said(refused)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("DELETE", "/fapi/v1/order", 405),
        ("GET", LISTEN_KEY, 405),
        ("POST", "/fapi/v1/time", 405),
        ("POST", "/fapi/v2/listenKey", 404),
        ("POST", "/fapi/v1/listenKey/", 404),
    ],
)
def test_other_paths_and_methods_are_not_there(
    rest: Rest, method: str, path: str, status: int
) -> None:
    message = {"code": -5000, "msg": f"Path {path}, Method {method} is invalid"}

    assert refusal(rest, sent(method, path)) == (status, message)


def test_every_answer_tells_the_weight_used_by_the_ip_address(rest: Rest, faults: Faults) -> None:
    faults.arm(Fault(fault="http_502_html", method="DELETE"))
    requests = [sent("POST"), sent("PUT", api_key=""), sent("GET", "/fapi/x"), sent("DELETE")]

    used = [answer(rest, each).headers["X-MBX-USED-WEIGHT-1M"] for each in requests]

    assert used == ["1", "2", "3", "4"]
    assert answer(rest, sent("PUT", ip="b")).headers["X-MBX-USED-WEIGHT-1M"] == "1"


def test_beyond_the_limit_requests_are_refused_and_then_the_ip_address_is_banned(
    rest: Rest,
) -> None:
    statuses = [answer(rest, sent("GET", "/fapi/v1/ping")).status for _ in range(2452)]

    assert statuses == [200] * 2400 + [429] * 50 + [418] * 2
    assert payload(rest, sent("GET", "/fapi/v1/ping", ip="b")) == {}
    assert payload(rest, sent("GET", "/fapi/v1/ping"), Moment(0, NOW.wall + 120)) == {}


def test_a_request_over_the_limit_uses_up_no_fault(rest: Rest, faults: Faults) -> None:
    for _ in range(2400):
        rest.outcome(sent("GET", "/fapi/v1/ping"), NOW)
    faults.arm(Fault(fault="reset"))

    assert refusal(rest, sent("POST")) == said(TOO_MANY_REQUESTS)
    assert len(faults.armed) == 1


def test_a_fault_comes_before_authentication_and_nothing_is_carried_out(
    rest: Rest, faults: Faults
) -> None:
    faults.arm(Fault(fault="http_503_-1000", times=2))

    assert answer(rest, sent("POST", api_key="")).status == 503
    assert answer(rest, sent("POST")).status == 503
    assert refusal(rest, sent("PUT")) == said(INVALID_LISTEN_KEY)


def test_any_fapi_request_uses_up_a_fault(rest: Rest, faults: Faults) -> None:
    faults.arm(Fault(fault="reset", times=2))

    assert rest.outcome(sent("GET", "/fapi/v1/time"), NOW) is Unanswered.RESET
    assert rest.outcome(sent("GET", "/fapi/unknown"), NOW) is Unanswered.RESET
