import pytest

from binance_mcp.doctor.finding import Verdict
from binance_mcp.doctor.permissions import (
    Permissions,
    judge_account,
    judge_permissions,
    permissions_url,
)
from binance_mcp.futures.binance_error import InvalidSignatureError, UnavailableError
from tests.environment import settings_of


@pytest.mark.parametrize(
    ("variables", "url"),
    [
        ({}, "https://api.binance.com"),
        ({"BINANCE_REST_URL": "https://fapi.binance.com"}, "https://api.binance.com"),
        ({"BINANCE_REST_URL": "https://gateway.example"}, None),
        ({"BINANCE_ENVIRONMENT": "demo"}, None),
        (
            {"BINANCE_ENVIRONMENT": "sandbox", "BINANCE_REST_URL": "http://127.0.0.1:1"},
            "http://127.0.0.1:1",
        ),
    ],
)
def test_permissions_are_asked_of_binance_itself_or_the_sandbox_only(
    variables: dict[str, str], url: str | None
) -> None:
    assert permissions_url(settings_of(variables)) == url


def test_an_account_that_can_be_read_is_in_order() -> None:
    assert judge_account(None)[0].verdict is Verdict.OK


def test_an_account_that_cannot_be_read_has_the_cause_of_the_refusal() -> None:
    (found,) = judge_account(InvalidSignatureError("Binance answered 400"))
    assert (found.check, found.verdict) == ("account", Verdict.PROBLEM)


def test_permissions_that_are_not_told_are_unknown() -> None:
    (found,) = judge_permissions(UnavailableError("Binance answered 503"))
    assert found.verdict is Verdict.UNKNOWN


def test_a_key_is_advised_to_the_least_that_it_needs() -> None:
    least = Permissions(
        futures=True, withdrawals=False, portfolio_margin=False, is_ip_restricted=True
    )
    most = Permissions(
        futures=True, withdrawals=True, portfolio_margin=False, is_ip_restricted=False
    )
    assert [each.verdict for each in judge_permissions(least)] == [Verdict.OK]
    assert [each.verdict for each in judge_permissions(most)] == [Verdict.WARNING] * 2
