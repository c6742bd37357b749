from dataclasses import replace

from binance_mcp.doctor.api_key import (
    KeyAnswer,
    Rejection,
    judge_key,
    judge_rejection,
    looks_whole,
)
from binance_mcp.doctor.finding import Certainty, Verdict
from binance_mcp.doctor.permissions import Permissions
from binance_mcp.futures.binance_error import (
    InvalidListenKeyError,
    InvalidSignatureError,
    RejectedApiKeyError,
    UnreadParameterError,
)

REJECTED = RejectedApiKeyError("Binance answered 401, code -2015: Invalid API-key", code=-2015)
REJECTION = Rejection("mainnet", REJECTED, is_whole=True)
ALLOWED = Permissions(
    futures=True, withdrawals=False, portfolio_margin=False, is_ip_restricted=True
)


def test_a_key_without_a_listen_key_is_accepted() -> None:
    answer = KeyAnswer(InvalidListenKeyError("Binance answered 400, code -1125"))
    (found,) = judge_key(answer)
    assert answer.is_accepted
    assert (found.verdict, found.cause) == (
        Verdict.OK,
        "Binance accepts it; no listen key is active",
    )


def test_a_listen_key_that_was_extended_is_told() -> None:
    (found,) = judge_key(KeyAnswer())
    assert found.cause == "Binance accepts it; a listen key is active, and was extended"


def test_parameters_that_are_not_read_are_a_warning_because_the_server_copes() -> None:
    answer = KeyAnswer(UnreadParameterError("Binance answered 400, code -1101"))
    assert not answer.is_accepted
    assert judge_key(answer)[0].verdict is Verdict.WARNING


def test_another_refusal_has_its_own_cause() -> None:
    (found,) = judge_key(KeyAnswer(InvalidSignatureError("Binance answered 400")))
    assert found.verdict is Verdict.PROBLEM
    assert "does not belong to the API key" in found.cause


def test_only_2015_has_several_causes() -> None:
    assert KeyAnswer(REJECTED).is_rejected
    assert not KeyAnswer(RejectedApiKeyError("locked", code=-2017)).is_rejected
    assert not KeyAnswer().is_rejected


def test_a_whole_key_has_64_letters_and_digits() -> None:
    assert looks_whole("aB3" * 21 + "x")
    assert not looks_whole("a" * 63)
    assert not looks_whole("a" * 63 + "-")


def test_a_key_of_the_other_environment_is_the_one_certain_cause() -> None:
    (found,) = judge_rejection(replace(REJECTION, owner="demo", is_whole=False))
    assert found.certainty is Certainty.CERTAIN
    assert "belongs to demo, and BINANCE_ENVIRONMENT is mainnet" in found.cause
    assert found.next_step.startswith("Set BINANCE_ENVIRONMENT=demo")


def test_a_missing_permission_is_the_one_certain_cause() -> None:
    (found,) = judge_rejection(replace(REJECTION, permissions=replace(ALLOWED, futures=False)))
    assert found.certainty is Certainty.CERTAIN
    assert "lacks the permission for Futures" in found.cause


def test_portfolio_margin_is_the_likely_cause_of_a_missing_permission() -> None:
    permissions = replace(ALLOWED, futures=False, portfolio_margin=True)
    (found,) = judge_rejection(replace(REJECTION, permissions=permissions))
    assert found.certainty is Certainty.LIKELY
    assert found.cause.startswith("Portfolio Margin is on")


def test_otherwise_the_causes_are_named_the_likeliest_first() -> None:
    first, *others = judge_rejection(REJECTION)
    assert (first.certainty, first.verdict) == (Certainty.LIKELY, Verdict.PROBLEM)
    assert "other IP addresses only" in first.cause
    assert [each.certainty for each in others] == [Certainty.POSSIBLE] * 4


def test_a_permission_that_is_known_is_no_possible_cause() -> None:
    causes = [each.cause for each in judge_rejection(replace(REJECTION, permissions=ALLOWED))]
    assert len(causes) == 4
    assert not any("lacks the permission" in cause for cause in causes)


def test_half_of_a_key_is_the_likeliest_cause() -> None:
    first, second, *_ = judge_rejection(replace(REJECTION, is_whole=False))
    assert (first.certainty, second.certainty) == (Certainty.LIKELY, Certainty.POSSIBLE)
    assert "not complete" in first.cause


def test_the_address_that_binance_names_is_told() -> None:
    error = RejectedApiKeyError("Invalid API-key, request ip: 203.0.113.7", code=-2015)
    first, *_ = judge_rejection(replace(REJECTION, error=error))
    assert first.next_step.startswith("Binance sees 203.0.113.7.")


def test_ipv6_is_mentioned_where_requests_may_leave_by_it() -> None:
    first, *_ = judge_rejection(replace(REJECTION, has_ipv6=True))
    assert "also has IPv6" in first.next_step
    assert "IPv6" not in judge_rejection(REJECTION)[0].next_step
