"""What a model reads when a call fails: what happened, why, and what to do next.

Errors become results of the tool call here.
"""

import math
import re
from dataclasses import asdict
from typing import Any, Final

from mcp.types import CallToolResult, TextContent

from binance_mcp.errors import BinanceMcpError, ListenKeyMismatchError, PolicyDeniedError
from binance_mcp.futures.binance_error import (
    BackendTimeoutError,
    BadApiKeyFormatError,
    BinanceError,
    FirewallError,
    InvalidListenKeyError,
    InvalidSignatureError,
    InvalidTimestampError,
    IpBannedError,
    MissingApiKeyError,
    MissingSecretError,
    NetworkSettingsError,
    ParameterError,
    ReadBudgetError,
    RejectedApiKeyError,
    RestrictedLocationError,
    TimedOutError,
    TooManyRequestsError,
    UnavailableError,
    UnexpectedAnswerError,
    UnknownOutcomeError,
    UnknownSymbolError,
    UnreachableError,
    UnreadableAnswerError,
    UnreadParameterError,
)
from binance_mcp.masking import mask_tokens

_SAFE_TO_REPEAT: Final = "It was tried several times; calling again later is safe."

ADVICE: Final[dict[type[BinanceMcpError], str]] = {
    MissingApiKeyError: (
        "Nothing was sent. The user must run `binance-mcp login` in a terminal, or set "
        "BINANCE_API_KEY in a file that BINANCE_MCP_ENV_FILE names or in the env of this server's "
        "entry in the host's configuration, and restart it; its log says what it found. "
        "BINANCE_ENVIRONMENT=sandbox works without an account."
    ),
    MissingSecretError: (
        "Nothing was sent. The user must set BINANCE_API_SECRET, or a private key, beside the API "
        "key. Listen keys and events work without it."
    ),
    NetworkSettingsError: (
        "Nothing was sent. The user should correct or unset that variable where this server is "
        "started (a proxy may also come from the system's settings), and restart it."
    ),
    UnreachableError: (
        "The network, a proxy, or BINANCE_REST_URL may be wrong. " + _SAFE_TO_REPEAT
    ),
    TimedOutError: (
        "The network is slow, or Binance is; the request may have been carried out. "
        + _SAFE_TO_REPEAT
    ),
    UnreadableAnswerError: (
        "Something between this server and Binance may have answered instead, or Binance has an "
        "incident. " + _SAFE_TO_REPEAT
    ),
    UnexpectedAnswerError: (
        "The address may not be that of a Binance USD-M Futures REST API: the user should check "
        "BINANCE_REST_URL and BINANCE_ENVIRONMENT. Calling again will not help."
    ),
    InvalidListenKeyError: (
        "The account has no active listen key: it expired, or was closed by a program of the same "
        "account. Call BinanceFuturesCreateListenKey for a new one; the events since then are "
        "missing from the stream."
    ),
    BadApiKeyFormatError: (
        "This is not a valid API key. The user should copy it into BINANCE_API_KEY again, complete "
        "and without quotes, and restart the server."
    ),
    RejectedApiKeyError: (
        "The API key is unknown to the environment {environment} (each has its own), is locked, "
        "may not be used from this IP address, lacks the permission for Futures, was made before "
        "the Futures account was opened (then make a new one), or Portfolio Margin is switched on, "
        "which takes that permission away. The user should run binance-mcp doctor, which narrows "
        "it down. Calling again will not help."
    ),
    InvalidTimestampError: (
        "This machine's clock differs too much from Binance's, even after a correction. The user "
        "should set the clock by network time, or raise BINANCE_RECV_WINDOW."
    ),
    InvalidSignatureError: (
        "BINANCE_API_SECRET, or the private key, does not belong to BINANCE_API_KEY. The user "
        "should correct it, or unset it: listen keys and events need the API key only."
    ),
    ParameterError: (
        "Call again without recvWindow and symbol. If that fails too, it is a bug in this server: "
        "the user should report the code."
    ),
    UnreadParameterError: (
        "This is a bug in this server: it sent a parameter that Binance does not read. The user "
        "should report it."
    ),
    UnknownSymbolError: (
        "Call again with a symbol of USD-M Futures in {environment}, such as BTCUSDT, or without "
        "one for all symbols."
    ),
    TooManyRequestsError: (
        "This IP address has used up the requests that Binance allows it in a minute. Nothing is "
        "sent until the wait is over, and calling earlier fails at once."
    ),
    IpBannedError: (
        "Binance has banned this IP address for a while, because a program went on calling after "
        "it was told to stop. Nothing is sent until the wait is over."
    ),
    ReadBudgetError: (
        "Reading the account may use a quarter of what Binance allows this IP address, so that "
        "keepalives are never late. With a symbol it needs much less. Listen keys and events work "
        "meanwhile."
    ),
    FirewallError: (
        "Binance's firewall refuses this IP address or request. Do not repeat the call for some "
        "minutes; if it goes on, the user should look at proxies, VPNs and other programs here."
    ),
    RestrictedLocationError: (
        "Binance does not offer Futures in the location of this server's IP address. Calling "
        "again will not help."
    ),
    BackendTimeoutError: "The request may have been carried out. " + _SAFE_TO_REPEAT,
    UnknownOutcomeError: "The request may have been carried out. " + _SAFE_TO_REPEAT,
    UnavailableError: "The request was not carried out. " + _SAFE_TO_REPEAT,
    ListenKeyMismatchError: (
        "An account has one listen key at a time; the given one was replaced or closed, or belongs "
        "to another account. Leave out listenKey to use the account's own."
    ),
}
"""By class of error: why it happened, and what to do."""


def failure(error: BinanceMcpError, environment: str) -> CallToolResult:
    """Return the result of a call that failed with `error`, denials included."""
    if isinstance(error, PolicyDeniedError):
        return failed_result(f"[POLICY DENIED] {error}", {"binance-mcp/denial": _denial(error)})
    advice = ADVICE[type(error)].format(environment=environment)
    text = f"{_sentence(str(error))} {advice}"
    if isinstance(error, BinanceError) and error.retry_after is not None:
        text = f"{text} Wait {math.ceil(error.retry_after)} s before the next call."
    detail = _detail(error) | {"environment": environment}
    return failed_result(text, {"binance-mcp/error": detail})


def failed_result(text: str, meta: dict[str, Any] | None = None) -> CallToolResult:
    """Return a failed call's result.

    It has no structured content, because some clients validate that of an error against the tool's
    output schema, too. What looks like a key is masked, because texts may quote the caller.
    """
    content = TextContent(type="text", text=mask_tokens(text))
    return CallToolResult(content=[content], is_error=True, _meta=meta)


def _sentence(text: str) -> str:
    text = f"{text[:1].upper()}{text[1:]}"
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _detail(error: BinanceMcpError) -> dict[str, Any]:
    """Return an error for programs, without what is not known."""
    known = isinstance(error, BinanceError)
    retry_after = error.retry_after if known else None
    found = {
        "code": error_code(error),
        "message": str(error),
        "retryable": (known and error.is_retryable) or retry_after is not None,
        "retryAfterSeconds": retry_after,
        "httpStatus": error.status if known else None,
        "binanceCode": error.code if known else None,
    }
    return {name: value for name, value in found.items() if value is not None}


def error_code(error: BinanceMcpError) -> str:
    """Return the code of an error's class: `invalid_listen_key` for `InvalidListenKeyError`."""
    name = type(error).__name__.removesuffix("Error")
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def _denial(error: PolicyDeniedError) -> dict[str, Any]:
    return {
        "code": error.code,
        "rule": error.rule,
        "message": str(error),
        "retryable": error.retry_after is not None,
        "retryAfterSeconds": error.retry_after,
        "limit": None if error.limit is None else asdict(error.limit),
    }
