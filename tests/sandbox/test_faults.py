import json

import pytest
from pydantic import ValidationError
from starlette.datastructures import Headers

from binance_mcp.sandbox.faults import FAULTS, Fault, Faults
from binance_mcp.sandbox.http_messages import Answer, Request
from binance_mcp.sandbox.moment import Moment
from binance_mcp.sandbox.unanswered import Unanswered

NOW = Moment(0, 1_700_000_000)


def sent(method: str, path: str = "/fapi/v1/listenKey", query: str = "") -> Request:
    return Request(method, path, query, Headers(), "")


def answer(name: str) -> Answer:
    outcome = Fault(fault=name).outcome(NOW)
    assert isinstance(outcome, Answer)
    return outcome


def test_the_known_faults_are_these() -> None:
    assert sorted(FAULTS) == [
        "empty_body",
        "http_400_-1021",
        "http_400_-1022",
        "http_400_-1100",
        "http_400_-1101",
        "http_400_-1102",
        "http_400_-1103",
        "http_400_-1104",
        "http_400_-1105",
        "http_400_-1106",
        "http_400_-1121",
        "http_400_-1125",
        "http_400_-4109",
        "http_401_-1099",
        "http_401_-2014",
        "http_401_-2015",
        "http_401_-2017",
        "http_403_html",
        "http_408_-1007",
        "http_418_-1003",
        "http_429_-1003",
        "http_451_0",
        "http_500_-1000",
        "http_502_html",
        "http_503_-1000",
        "http_503_-1001",
        "http_503_-1008",
        "http_503_-1016",
        "http_503_plain",
        "http_504_html",
        "not_json_200",
        "reset",
        "timeout",
    ]


@pytest.mark.parametrize(
    "name", [name for name in FAULTS if name.startswith("http_") and name[-1].isdigit()]
)
def test_the_name_of_an_error_is_its_status_and_code(name: str) -> None:
    fault = answer(name)
    body = json.loads(fault.body)

    assert f"http_{fault.status}_{body['code']}" == name
    assert (sorted(body), fault.media_type) == (["code", "msg"], "application/json")
    assert len(body["msg"]) > 10


@pytest.mark.parametrize("status", [403, 502, 504])
def test_a_gateway_answers_in_html(status: int) -> None:
    fault = answer(f"http_{status}_html")

    assert (fault.status, fault.media_type) == (status, "text/html")
    assert str(status).encode() in fault.body


def test_the_other_answers_are_not_what_binance_documents() -> None:
    assert answer("http_503_plain") == Answer(503, "Service Unavailable.", "text/plain")
    assert (answer("empty_body").status, answer("empty_body").body) == (200, b"")
    assert (answer("not_json_200").status, answer("not_json_200").media_type) == (200, "text/html")


def test_a_ban_ends_two_minutes_after_it_is_served() -> None:
    assert b"banned until 1700000120000." in answer("http_418_-1003").body


def test_two_faults_are_no_answers() -> None:
    assert Fault(fault="timeout", retry_after=1).outcome(NOW) is Unanswered.TIMEOUT
    assert Fault(fault="reset").outcome(NOW) is Unanswered.RESET


def test_an_answer_may_say_when_to_come_back() -> None:
    answered = Fault(fault="http_429_-1003", retry_after=7).outcome(NOW)

    assert isinstance(answered, Answer)
    assert answered.headers == {"Retry-After": "7"}
    assert answer("http_429_-1003").headers == {}


@pytest.mark.parametrize(
    "wrong",
    [
        {"fault": "http_200"},
        {"fault": "reset", "times": 0},
        {"fault": "reset", "times": "1"},
        {"fault": "reset", "times": True},
        {"fault": "reset", "method": "PATCH"},
        {"fault": "reset", "path": "/sandbox/faults"},
        {"fault": "reset", "after": 0},
        {"fault": "reset", "retryAfter": -1},
        {"fault": "reset", "retryAfter": 1.5},
        {"fault": "reset", "more": 1},
        {},
    ],
)
def test_a_fault_must_be_known_and_its_values_right(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Fault.model_validate_json(json.dumps(wrong))


def test_faults_are_taken_in_order_as_many_times_as_armed() -> None:
    faults = Faults()
    faults.arm(Fault(fault="reset", times=2))
    faults.arm(Fault(fault="timeout"))

    taken = [faults.take(sent("PUT")) for _ in range(4)]

    assert [fault and fault.fault for fault in taken] == ["reset", "reset", "timeout", None]


def test_what_is_left_of_each_fault_is_shown() -> None:
    faults = Faults()
    faults.arm(Fault(fault="reset", times=3))

    faults.take(sent("GET"))

    assert faults.armed == (Fault(fault="reset", times=2),)


def test_a_fault_for_a_method_waits_for_it() -> None:
    faults = Faults()
    faults.arm(Fault(fault="reset", method="PUT"))
    faults.arm(Fault(fault="timeout"))

    taken = [faults.take(sent(method)) for method in ("POST", "POST", "PUT")]

    assert [fault and fault.fault for fault in taken] == ["timeout", None, "reset"]


def test_a_fault_for_a_path_waits_for_it() -> None:
    faults = Faults()
    faults.arm(Fault(fault="reset", path="/fapi/v1/userTrades"))

    taken = [
        faults.take(sent("GET", path)) for path in ("/fapi/v1/allOrders", "/fapi/v1/userTrades")
    ]

    assert [fault and fault.fault for fault in taken] == [None, "reset"]


def test_a_fault_lets_some_requests_pass_and_meanwhile_others_strike() -> None:
    faults = Faults()
    faults.arm(Fault(fault="reset", after=2))
    faults.arm(Fault(fault="timeout", method="PUT"))

    taken = [faults.take(sent(method)) for method in ("PUT", "GET", "GET", "GET")]

    assert [fault and fault.fault for fault in taken] == ["timeout", None, "reset", None]


def test_all_orders_may_need_a_symbol() -> None:
    faults = Faults()
    faults.arm(Fault(fault="all_orders_need_symbol"))
    path = "/fapi/v1/allOrders"

    requests = (sent("GET"), sent("GET", path, "symbol=A"), sent("GET", path, "limit=5"))
    taken = [faults.take(each) for each in requests]

    assert [fault and fault.fault for fault in taken] == [None, None, "all_orders_need_symbol"]
    assert b"Mandatory parameter 'symbol' was not sent" in answer("all_orders_need_symbol").body


def test_faults_can_be_cleared() -> None:
    faults = Faults()
    faults.arm(Fault(fault="reset"))

    faults.clear()

    assert faults.take(sent("GET")) is None


def test_no_more_than_a_thousand_are_armed() -> None:
    faults = Faults()
    for _ in range(1000):
        faults.arm(Fault(fault="reset"))

    with pytest.raises(ValueError, match="1000 are armed already"):
        faults.arm(Fault(fault="reset"))
