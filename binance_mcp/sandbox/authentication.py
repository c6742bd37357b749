"""Authentication of requests: the API key always; signature and timestamp if present or needed.

Pure.

https://developers.binance.com/docs/derivatives/usds-margined-futures/general-info
"""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl, unquote

from binance_mcp.sandbox.accounts import Account, Accounts
from binance_mcp.sandbox.error_answers import (
    EARLY_TIMESTAMP,
    INVALID_SIGNATURE,
    OLD_TIMESTAMP,
    REJECTED_API_KEY,
    illegal_characters,
    malformed,
)
from binance_mcp.sandbox.http_messages import RefusedError, Request
from binance_mcp.sandbox.moment import Moment
from binance_mcp.sandbox.signatures import Verifier, hmac_verifier, public_key_verifier

_FORM: Final = "application/x-www-form-urlencoded"
_LAST_SIGNATURE: Final = re.compile(r"(?:^|&)signature=([^&]*)$")
_DIGITS: Final = re.compile(r"^[0-9]{1,20}$")
_DEFAULT_RECV_WINDOW: Final = "5000"
_AHEAD_MILLISECONDS: Final = 1000


def verifier(api_secret: str | None, public_key: str | None) -> Verifier:
    """Return the check of an account's signatures; without secret and key, all fail.

    Raises:
        ValueError: Both are given, or the public key is not RSA or Ed25519 in PEM.

    """
    if public_key is None:
        return hmac_verifier(api_secret) if api_secret else lambda _payload, _signature: False
    if api_secret is not None:
        raise ValueError("apiSecret, publicKey: only one of them is wanted")
    try:
        return public_key_verifier(public_key)
    except ValueError:
        raise ValueError("publicKey: not an RSA or Ed25519 public key in PEM") from None


def authenticate(request: Request, accounts: Accounts, now: Moment) -> Account:
    """Return the account that sends `request`, as for security type USER_STREAM.

    No signature is needed; if there is one, it and the `timestamp` must be valid.

    Raises:
        RefusedError: -2014 or -2015 for the API key or its permission for Futures, -1022 for the
            signature, -1100, -1102 or -1021 for the time.

    """
    account = _authenticate(request, accounts, now)
    if not account.restrictions.enable_futures:
        raise RefusedError(REJECTED_API_KEY)
    return account


def _authenticate(request: Request, accounts: Accounts, now: Moment) -> Account:
    account = accounts.account(request.headers.get("x-mbx-apikey", ""))
    form = _form(request)
    parameters = _parameters(form) | _parameters(request.query)  # the query takes precedence
    if "signature" in parameters:
        payload, signature = _signed(request.query, form)
        if not (signature.isascii() and account.verify(payload, signature)):
            raise RefusedError(INVALID_SIGNATURE)
        _check_time(parameters, now)
    return account


def authenticate_signed(request: Request, accounts: Accounts, now: Moment) -> Account:
    """Return the account that sends `request`, as for security type USER_DATA.

    Raises:
        RefusedError: As for `authenticate`, and -1102 if there is no signature.

    """
    account = authenticate(request, accounts, now)
    _need_signature(request)
    return account


def authenticate_key_owner(request: Request, accounts: Accounts, now: Moment) -> Account:
    """Return the account that sends `request`, whether or not its API key may use Futures.

    Raises:
        RefusedError: As for `authenticate_signed`.

    """
    account = _authenticate(request, accounts, now)
    _need_signature(request)
    return account


def _need_signature(request: Request) -> None:
    if "signature" not in _parameters(_form(request)) | _parameters(request.query):
        raise RefusedError(malformed("signature"))


def _form(request: Request) -> str:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return request.body.decode(errors="replace") if kind == _FORM else ""


def _parameters(text: str) -> dict[str, str]:
    return dict(parse_qsl(text, keep_blank_values=True))


def _signed(query: str, form: str) -> tuple[str, str]:
    """Return what was signed, and the signature, which must be the last parameter."""
    if found := _LAST_SIGNATURE.search(query):
        return query[: found.start()] + form, unquote(found[1])
    if found := _LAST_SIGNATURE.search(form):
        return query + form[: found.start()], unquote(found[1])
    raise RefusedError(INVALID_SIGNATURE)


def _check_time(parameters: Mapping[str, str], now: Moment) -> None:
    timestamp = parameters.get("timestamp", "")
    recv_window = parameters.get("recvWindow", _DEFAULT_RECV_WINDOW)
    if not _DIGITS.match(timestamp):
        raise RefusedError(malformed("timestamp"))
    if not _DIGITS.match(recv_window):
        raise RefusedError(illegal_characters("recvWindow", _DIGITS.pattern))
    if int(timestamp) >= now.milliseconds + _AHEAD_MILLISECONDS:
        raise RefusedError(EARLY_TIMESTAMP)
    if now.milliseconds - int(timestamp) > int(recv_window):
        raise RefusedError(OLD_TIMESTAMP)
