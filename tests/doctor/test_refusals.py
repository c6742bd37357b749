import inspect

import pytest

from binance_mcp.doctor.finding import Certainty, Verdict
from binance_mcp.doctor.refusals import CAUSES, refusal
from binance_mcp.futures import binance_error
from binance_mcp.futures.binance_error import (
    BinanceError,
    IpBannedError,
    MissingApiKeyError,
    MissingSecretError,
    ReadBudgetError,
    RejectedApiKeyError,
    UnavailableError,
    UnreachableError,
)


def test_every_error_of_an_answer_has_a_cause() -> None:
    kinds = {
        kind
        for kind in vars(binance_error).values()
        if inspect.isclass(kind) and issubclass(kind, BinanceError)
    }
    never_answered = {BinanceError, MissingApiKeyError, MissingSecretError, ReadBudgetError}
    assert CAUSES.keys() == kinds - never_answered


def test_a_refusal_has_the_cause_what_binance_said_and_how_long_to_wait() -> None:
    found = refusal("Binance", IpBannedError("Binance answered 418", retry_after=119.2))
    assert (found.check, found.verdict) == ("Binance", Verdict.PROBLEM)
    assert found.cause.startswith("Binance has banned this IP address")
    assert found.cause.endswith("Binance answered 418")
    assert found.next_step.endswith(" Wait 120 s.")


def test_a_refusal_without_a_wait_names_none() -> None:
    assert "Wait " not in refusal("Binance", UnavailableError("Binance answered 503")).next_step


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        (-2017, "the API keys of this account are locked"),
        (-4109, "the Futures account is inactive"),
        (-1099, "Binance does not find the account"),
        (-2015, "Binance rejects the API key"),
    ],
)
def test_the_code_of_a_rejection_says_more(code: int, cause: str) -> None:
    assert refusal("API key", RejectedApiKeyError("no", code=code)).cause.startswith(cause)


def unreachable(reason: Exception) -> BinanceError:
    """Return the error of a request whose connection failed for a reason, two layers below."""
    error, connection = UnreachableError("Binance could not be reached"), OSError("connection")
    connection.__cause__ = reason
    error.__cause__ = connection
    return error


class ProxyError(Exception):
    """Like that of the HTTP library."""


class SSLCertVerificationError(Exception):
    """Like that of the standard library, which cannot be made by hand."""


@pytest.mark.parametrize(
    ("reason", "cause"),
    [
        (SSLCertVerificationError(), "the certificate that answers is not trusted"),
        (ProxyError(), "the proxy refuses the request"),
        (ConnectionResetError(), "the connection broke before an answer came"),
    ],
)
def test_the_reason_of_a_broken_connection_is_looked_for(reason: Exception, cause: str) -> None:
    found = refusal("Binance", unreachable(reason))
    assert found.cause.startswith(cause)
    assert found.certainty is not Certainty.CERTAIN
