import json

import pytest

from binance_mcp import errors
from binance_mcp.errors import BinanceMcpError, ListenKeyMismatchError, PolicyDeniedError
from binance_mcp.futures.binance_error import BinanceError, TooManyRequestsError
from binance_mcp.sandbox.app import Sandbox
from binance_mcp.sandbox.faults import FAULTS
from binance_mcp.server.failures import ADVICE, failure
from tests.server.connections import CREATE, Connect, text
from tests.server.connections import failure as told

pytestmark = pytest.mark.anyio


MEANINGS = {
    "http_400_-1021": ("invalid_timestamp", 2),
    "http_400_-1022": ("invalid_signature", 1),
    "http_400_-1100": ("parameter", 1),
    "http_400_-1101": ("unread_parameter", 1),
    "http_400_-1102": ("parameter", 1),
    "http_400_-1103": ("parameter", 1),
    "http_400_-1104": ("unread_parameter", 1),
    "http_400_-1105": ("parameter", 1),
    "http_400_-1106": ("parameter", 1),
    "http_400_-1121": ("unknown_symbol", 1),
    "http_400_-1125": ("invalid_listen_key", 1),
    "http_400_-4109": ("rejected_api_key", 1),
    "http_401_-1099": ("rejected_api_key", 1),
    "http_401_-2014": ("bad_api_key_format", 1),
    "http_401_-2015": ("rejected_api_key", 1),
    "http_401_-2017": ("rejected_api_key", 1),
    "http_403_html": ("firewall", 1),
    "http_408_-1007": ("backend_timeout", 5),
    "http_418_-1003": ("ip_banned", 1),
    "http_429_-1003": ("too_many_requests", 1),
    "http_451_0": ("restricted_location", 1),
    "http_500_-1000": ("unknown_outcome", 5),
    "http_502_html": ("unknown_outcome", 5),
    "http_503_-1000": ("unknown_outcome", 5),
    "http_503_-1001": ("unavailable", 5),
    "http_503_-1008": ("unavailable", 5),
    "http_503_-1016": ("unavailable", 5),
    "http_503_plain": ("unavailable", 5),
    "http_504_html": ("unknown_outcome", 5),
    "timeout": ("timed_out", 4),
    "reset": ("unreachable", 5),
    "empty_body": ("unreadable_answer", 5),
    "not_json_200": ("unreadable_answer", 5),
}
"""By fault: the code that the model gets, and how often the request is sent."""


def test_every_fault_of_the_sandbox_has_a_meaning() -> None:
    assert MEANINGS.keys() == FAULTS.keys()


@pytest.mark.parametrize("fault", MEANINGS)
async def test_a_failed_call_says_what_happened_why_and_what_to_do(
    connect: Connect, sandbox: Sandbox, fault: str
) -> None:
    code, tries = MEANINGS[fault]
    sandbox.arm(fault, times=100, method="POST")
    async with connect() as client:
        result = await client.call_tool(CREATE, {})
    detail = told(result)
    assert detail["code"] == code
    assert detail["environment"] == "sandbox"
    assert detail["message"][1:] in text(result)
    assert text(result).endswith(".")
    assert len(detail["message"]) + 40 < len(text(result))
    meta = json.dumps({"binance-mcp/error": detail}, separators=(",", ":"))
    assert len(text(result) + meta) <= 700
    assert [r.method for r in sandbox.requests].count("POST") == tries


@pytest.mark.parametrize("fault", [name for name, (_, tries) in MEANINGS.items() if tries > 2])
async def test_a_passing_fault_is_retried_and_the_model_never_hears_of_it(
    connect: Connect, sandbox: Sandbox, fault: str
) -> None:
    sandbox.arm(fault)
    async with connect() as client:
        result = await client.call_tool(CREATE, {})
    assert not result.is_error
    assert len(sandbox.requests) == 2


def leaves(error: type[BinanceMcpError]) -> list[type[BinanceMcpError]]:
    return [error] + [leaf for child in error.__subclasses__() for leaf in leaves(child)]


def test_every_error_that_a_call_can_end_with_has_its_advice() -> None:
    told = {error for error in leaves(BinanceError) if error is not BinanceError}
    assert ADVICE.keys() == told | {ListenKeyMismatchError}


@pytest.mark.parametrize("error", ADVICE, ids=lambda error: error.__name__)
def test_advice_is_whole_sentences_without_placeholders_left(error: type[BinanceMcpError]) -> None:
    result = failure(error("it failed"), "demo")
    assert text(result).startswith("It failed. ")
    assert text(result).endswith(".")
    assert "{" not in text(result)


def test_a_wait_is_told_rounded_up_and_exactly() -> None:
    result = failure(TooManyRequestsError("slow down", status=429, retry_after=11.2), "mainnet")
    assert text(result).endswith(" Wait 12 s before the next call.")
    assert result.meta == {
        "binance-mcp/error": {
            "code": "too_many_requests",
            "message": "slow down",
            "retryable": True,
            "retryAfterSeconds": 11.2,
            "httpStatus": 429,
            "environment": "mainnet",
        }
    }


def test_a_denial_names_the_rule_the_wait_and_the_limit() -> None:
    limit = errors.LimitStatus("calls", "minute", 60, "session", 0)
    denied = PolicyDeniedError(
        "At most 60.",
        code="limit_exceeded",
        rule="/all_tools/limits/0",
        retry_after=3.5,
        limit=limit,
    )
    result = failure(denied, "mainnet")
    assert text(result) == "[POLICY DENIED] At most 60."
    assert result.structured_content is None
    assert result.meta == {
        "binance-mcp/denial": {
            "code": "limit_exceeded",
            "rule": "/all_tools/limits/0",
            "message": "At most 60.",
            "retryable": True,
            "retryAfterSeconds": 3.5,
            "limit": {
                "counter": "calls",
                "window": "minute",
                "max": 60,
                "scope": "session",
                "remaining": 0,
            },
        }
    }


def test_a_denial_that_waiting_does_not_cure_is_not_retryable() -> None:
    denied = PolicyDeniedError("No.", code="not_listed", rule="/default")
    meta = failure(denied, "mainnet").meta
    assert meta is not None
    assert meta["binance-mcp/denial"]["retryable"] is False
    assert meta["binance-mcp/denial"]["limit"] is None


async def test_a_rejected_api_key_names_the_causes_that_users_met(
    connect: Connect, sandbox: Sandbox
) -> None:
    sandbox.arm("http_401_-2015")
    async with connect() as client:
        result = await client.call_tool(CREATE, {})
    assert "was made before the Futures account was opened" in text(result)
    assert "Portfolio Margin is switched on" in text(result)
