from typing import Final

import pytest
from starlette.datastructures import Headers

from binance_mcp.futures.signing import hmac_signer
from binance_mcp.sandbox.accounts import Accounts
from binance_mcp.sandbox.authentication import authenticate, verifier
from binance_mcp.sandbox.error_answers import (
    BAD_API_KEY_FORMAT,
    EARLY_TIMESTAMP,
    INVALID_SIGNATURE,
    OLD_TIMESTAMP,
    REJECTED_API_KEY,
    illegal_characters,
    malformed,
)
from binance_mcp.sandbox.http_messages import Answer, RefusedError, Request
from binance_mcp.sandbox.moment import Moment

# The published example of
# https://developers.binance.com/docs/derivatives/usds-margined-futures/general-info
API_KEY: Final = "dbefbc809e3e83c283a984c3a1459732ea7db1360ca80c5c2c8867408d28cc83"
SECRET: Final = "2b5eb11e18796d12d88f13dc27dbbd02c2cc51ff7059765ed9821957d82bb4d9"
PARAMETERS: Final = (
    "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1&price=9000&timeInForce=GTC"
    "&recvWindow=5000&timestamp=1591702613943"
)
SIGNATURE: Final = "3c661234138461fcc7a7d8746c6558c9842d4e10870d2ecbedf7777cad694af9"
TIME: Final = 1591702613943

# The private key's signature of `timestamp=1591702613943`, by OpenSSL.
ED25519_KEY: Final = """-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAGUIKv9dSpWXBViXp2m6vAIb8QMFJYBgyFEQsFJlqgA0=
-----END PUBLIC KEY-----
"""
ED25519_SIGNATURE: Final = (
    "hHiQYz8TwEmv2%2FylRrehdRkvD2ZFXYDw5i1cqVayZJsEGm1GEjzVCXvwDmcPCwf4PLi45MrMkkZNew2UOTcZBg%3D%3D"
)
RSA_KEY: Final = """-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAkWEORBjTgNMU8qtRJW0/
scnczdsrC03fT1JVsn1m3NAVr0dVDcO9NdYEij1Ag3e1x7uHW5/sMTrmxKPgqmfI
x4+Ez7bn4zVTR8FdC7KofOdcUgVMQTXk6AxeMbGzZY+9u9EZgDj5vnaDsIZ2IX7z
Pr843Pkm68+Ti3ZE8S1Bjf78fmrCYJSX9s2W1vtSY8C33d3XVhzC/WoMxRK0GKIl
jlkhl03ADaFzGEJubcfARuwGSkug6ASkZeq/SJV1yuM8+cX2ZZEzYx66dvYil4uM
L1M0gLG/niiBi5TjNGGLXIsAlOaOSfwg4zmyfkFy+Z5eKUu4cj4+EgJiZ0RJA+0s
SwIDAQAB
-----END PUBLIC KEY-----
"""
RSA_SIGNATURE: Final = (
    "Zxsz74UexNP2IBH8mCp5wakydyy5vzsnTH6RN4IhBcd7DBSehZ8CcSm2JqvBOvFRiTjXVlHV2N9sLVuN0DFyVzjST%2BW3"
    "0rUNPPY9i3apqVM%2FyKPrrvoGrnxSKgvUj9gQFU3LoH09fiwMJuwFosxevzkpFPBCwLmLPi1pMPRd9Lo2tfc31MTHp644"
    "VEL3rmaRrhfgiw0vfh50XIKv4G4kDdOUAnsi6LSb9D%2BAeISsfvOQ0%2BJDyKPkel4jZVsmbLxWvF3bqOknJ4EUG4DifuRJ"
    "uoRQZtGY%2BwcE9iGfC9fHtC0CFmtGAwR2Y0%2BH5NUFJACWT6WA%2B5JXTX9aVc4P7LBu9w%3D%3D"
)


def sent(query: str = "", form: str = "", content_type: str | None = None) -> Request:
    kind = content_type or "application/x-www-form-urlencoded"
    headers = Headers({"x-mbx-apikey": API_KEY, "content-type": kind})
    return Request("POST", "/fapi/v1/listenKey", query, headers, "", form.encode())


def signed(parameters: str) -> Request:
    return sent(f"{parameters}&signature={hmac_signer(SECRET)(parameters)}")


def outcome(
    request: Request,
    *,
    api_secret: str | None = SECRET,
    public_key: str | None = None,
    time: int = TIME,
) -> Answer | None:
    """Return the refusal of a request, or None."""
    exchange = Accounts(3600)
    exchange.add_account(API_KEY, verifier(api_secret, public_key))
    try:
        account = authenticate(request, exchange, Moment(0, time / 1000 + 0.0001))
    except RefusedError as refused:
        return refused.answer
    assert account is exchange.account(API_KEY)
    return None


def test_the_api_key_alone_is_enough() -> None:
    assert outcome(sent()) is None
    assert outcome(sent(), api_secret=None) is None


@pytest.mark.parametrize(
    ("headers", "refusal"),
    [
        ({}, BAD_API_KEY_FORMAT),
        ({"x-mbx-apikey": ""}, BAD_API_KEY_FORMAT),
        ({"x-mbx-apikey": "stranger"}, REJECTED_API_KEY),
    ],
)
def test_a_bad_api_key_is_refused(headers: dict[str, str], refusal: Answer) -> None:
    assert outcome(Request("POST", "/", "", Headers(headers), "")) == refusal


def test_the_published_example_passes() -> None:
    assert outcome(sent(f"{PARAMETERS}&signature={SIGNATURE}")) is None


def test_the_case_of_a_hexadecimal_signature_does_not_matter() -> None:
    assert outcome(sent(f"{PARAMETERS}&signature={SIGNATURE.upper()}")) is None


@pytest.mark.parametrize("length", [0, 17, len(PARAMETERS) - len("&timestamp=1591702613943")])
def test_query_and_form_are_signed_as_one_without_a_separator(length: int) -> None:
    query, form = PARAMETERS[:length], PARAMETERS[length:]

    assert outcome(sent(query, f"{form}&signature={SIGNATURE}")) is None


def test_a_signature_may_stand_in_the_query_before_a_form() -> None:
    parameters = "timestamp=1591702613943"
    signature = hmac_signer(SECRET)(parameters + "listenKey=a")

    assert outcome(sent(f"{parameters}&signature={signature}", "listenKey=a")) is None


def test_a_signature_may_be_all_of_the_form() -> None:
    assert outcome(sent(PARAMETERS, f"signature={SIGNATURE}")) is None


def test_the_content_type_of_a_form_may_have_parameters() -> None:
    form = f"{PARAMETERS}&signature={SIGNATURE}"

    assert outcome(sent("", form, "Application/X-WWW-Form-URLencoded; charset=utf-8")) is None


def test_a_body_that_is_no_form_is_not_looked_at() -> None:
    assert outcome(sent("", "signature=bad", "application/json")) is None


def test_the_query_wins_over_the_form() -> None:
    parameters = "timestamp=1591702613943"
    form = "timestamp=1"
    query = f"{parameters}&signature={hmac_signer(SECRET)(parameters + form)}"

    assert outcome(sent(query, form)) is None


@pytest.mark.parametrize(
    "query",
    [
        f"{PARAMETERS}&signature={SIGNATURE[:-1]}0",
        f"{PARAMETERS}&x=1&signature={SIGNATURE}",
        f"{PARAMETERS}&signature=",
        f"signature={SIGNATURE}&{PARAMETERS}",
        f"{PARAMETERS}&%73ignature={SIGNATURE}",
        f"{PARAMETERS}&signature=%ff%00",
    ],
)
def test_any_other_signature_is_refused(query: str) -> None:
    assert outcome(sent(query)) == INVALID_SIGNATURE


def test_an_account_without_secret_and_key_cannot_sign() -> None:
    query = f"{PARAMETERS}&signature={SIGNATURE}"

    assert outcome(sent(query), api_secret=None) == INVALID_SIGNATURE


@pytest.mark.parametrize(
    ("public_key", "signature"),
    [(ED25519_KEY, ED25519_SIGNATURE), (RSA_KEY, RSA_SIGNATURE)],
    ids=["Ed25519", "RSA"],
)
def test_a_public_key_checks_signatures_in_base64(public_key: str, signature: str) -> None:
    right = sent(f"timestamp={TIME}&signature={signature}")
    wrong = sent(f"timestamp={TIME + 1}&signature={signature}")

    assert outcome(right, api_secret=None, public_key=public_key) is None
    assert outcome(wrong, api_secret=None, public_key=public_key) == INVALID_SIGNATURE


def test_an_account_cannot_have_a_secret_and_a_public_key() -> None:
    with pytest.raises(ValueError, match="only one of them"):
        verifier(SECRET, RSA_KEY)


def test_a_public_key_must_be_one() -> None:
    with pytest.raises(ValueError, match=r"^publicKey: not an RSA or Ed25519 public key in PEM$"):
        verifier(None, "my private key")


@pytest.mark.parametrize("parameters", ["a=1", "timestamp=", "timestamp=1.5", "timestamp=-1"])
def test_a_signed_request_needs_a_timestamp(parameters: str) -> None:
    assert outcome(signed(parameters)) == malformed("timestamp")


@pytest.mark.parametrize("recv_window", ["", "5s", "1e3"])
def test_a_recv_window_must_be_a_number(recv_window: str) -> None:
    request = signed(f"timestamp={TIME}&recvWindow={recv_window}")

    assert outcome(request) == illegal_characters("recvWindow", "^[0-9]{1,20}$")


@pytest.mark.parametrize(
    ("parameters", "time", "refusal"),
    [
        (f"timestamp={TIME}", TIME - 1000, EARLY_TIMESTAMP),
        (f"timestamp={TIME}", TIME - 999, None),
        (f"timestamp={TIME}", TIME + 5000, None),
        (f"timestamp={TIME}", TIME + 5001, OLD_TIMESTAMP),
        (f"timestamp={TIME}&recvWindow=60000", TIME + 60000, None),
        (f"timestamp={TIME}&recvWindow=60000", TIME + 60001, OLD_TIMESTAMP),
        (f"timestamp={TIME}&recvWindow=0", TIME, None),
        (f"timestamp={TIME}&recvWindow=0", TIME + 1, OLD_TIMESTAMP),
    ],
)
def test_a_timestamp_is_taken_up_to_a_second_ahead_and_a_recv_window_behind(
    parameters: str, time: int, refusal: Answer | None
) -> None:
    assert outcome(signed(parameters), time=time) == refusal


def test_the_time_does_not_matter_without_a_signature() -> None:
    assert outcome(sent("timestamp=1&recvWindow=x")) is None


def test_a_signature_that_is_no_text_is_refused_for_a_public_key() -> None:
    request = sent(f"timestamp={TIME}&signature=%ff")

    assert outcome(request, api_secret=None, public_key=RSA_KEY) == INVALID_SIGNATURE
