from typing import Final
from urllib.parse import parse_qsl, unquote

import httpx2 as httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from binance_mcp.futures.signing import (
    Signer,
    hmac_signer,
    private_key_signer,
    signed_query,
)
from binance_mcp.sandbox.signatures import Verifier, hmac_verifier, public_key_verifier
from tests.signature_vectors import (
    EC_KEY,
    ED25519_EXAMPLES,
    ED25519_KEY,
    ED25519_PUBLIC_KEY,
    ENCRYPTED_KEY,
    FUTURES_SECRET,
    HMAC_EXAMPLES,
    PASSPHRASE,
    RSA_KEY,
    RSA_PUBLIC_KEY,
    RSA_SIGNATURE,
    UNKNOWN_KEY,
)

UNREADABLE: Final = (
    "not a private key in PEM (-----BEGIN PRIVATE KEY-----), or its passphrase is wrong"
)

queries = st.dictionaries(st.text(), st.text() | st.integers())


@pytest.mark.parametrize(("secret", "payload", "signature"), HMAC_EXAMPLES)
def test_an_hmac_signature_matches_the_examples_that_binance_publishes(
    secret: str, payload: str, signature: str
) -> None:
    assert hmac_signer(secret)(payload) == signature


@pytest.mark.parametrize(
    ("query", "signature"),
    [
        (
            "timestamp=1591702613943",
            "84901bbeed96ffa9adf9995c40fcadcb0a9ddad37c2605ce82491f2c771077a6",
        ),
        (
            "recvWindow=5000&timestamp=1591702613943",
            "5581570ecf76b9b74c6f1a66ef6520c2959a75c32641affb2634d655d6e64db8",
        ),
        (
            "timestamp=1591702613943&recvWindow=5000",
            "b944ea46b707ca97ae6956c3e381b0ceaf517dac418a6d64af1fb3b0e878d11d",
        ),
    ],
)
def test_a_signed_query_keeps_the_order_of_its_parameters(query: str, signature: str) -> None:
    signed = signed_query(dict(parse_qsl(query)), hmac_signer(FUTURES_SECRET))

    assert signed == f"{query}&signature={signature}"


@pytest.mark.parametrize(("payload", "signature"), ED25519_EXAMPLES)
def test_an_ed25519_signature_is_in_base64(payload: str, signature: str) -> None:
    assert private_key_signer(ED25519_KEY)(payload) == signature


def test_an_rsa_signature_is_in_base64() -> None:
    assert private_key_signer(RSA_KEY)("timestamp=1591702613943") == RSA_SIGNATURE


def test_a_base64_signature_is_percent_encoded_in_the_query() -> None:
    query = signed_query({"timestamp": 1591702613943}, private_key_signer(ED25519_KEY))

    assert query.startswith("timestamp=1591702613943&signature=hHiQYz8TwEmv2%2FylRrehd")
    assert query.endswith("PLi45MrMkkZNew2UOTcZBg%3D%3D")


def test_the_right_passphrase_decrypts_a_private_key() -> None:
    signer = private_key_signer(ENCRYPTED_KEY, PASSPHRASE)

    assert signer("a") == private_key_signer(ED25519_KEY)("a")


@pytest.mark.parametrize(
    ("pem", "passphrase", "reason"),
    [
        (ENCRYPTED_KEY, "wrong horse", UNREADABLE),
        (ENCRYPTED_KEY, None, "the private key needs its passphrase"),
        (ENCRYPTED_KEY, "", "the private key needs its passphrase"),
        (ED25519_KEY, PASSPHRASE, "the private key has no passphrase, but one is given"),
        (EC_KEY, None, "the private key is neither RSA nor Ed25519"),
        (UNKNOWN_KEY, None, UNREADABLE),
        (ED25519_PUBLIC_KEY, None, UNREADABLE),
        (ED25519_KEY.replace("MC4C", "MC4D"), None, UNREADABLE),
        (FUTURES_SECRET, None, UNREADABLE),
        ("", None, UNREADABLE),
        ("\ud800", None, UNREADABLE),
    ],
)
def test_an_unusable_private_key_is_refused_without_its_content(
    pem: str, passphrase: str | None, reason: str
) -> None:
    with pytest.raises(ValueError, match="private key") as refused:
        private_key_signer(pem, passphrase)

    assert str(refused.value) == reason


@pytest.mark.parametrize(
    ("signer", "verify"),
    [
        (hmac_signer(FUTURES_SECRET), hmac_verifier(FUTURES_SECRET)),
        (private_key_signer(ED25519_KEY), public_key_verifier(ED25519_PUBLIC_KEY)),
        (private_key_signer(RSA_KEY), public_key_verifier(RSA_PUBLIC_KEY)),
    ],
    ids=["HMAC", "Ed25519", "RSA"],
)
@given(parameters=queries)
def test_the_signed_bytes_are_the_query_before_the_signature(
    signer: Signer, verify: Verifier, parameters: dict[str, str | int]
) -> None:
    payload, _, signature = signed_query(parameters, signer).rpartition("&signature=")

    assert parse_qsl(payload, keep_blank_values=True) == [
        (name, str(value)) for name, value in parameters.items()
    ]
    assert verify(payload, unquote(signature))
    assert not verify(f"{payload}0", unquote(signature))


@given(parameters=queries)
def test_httpx_sends_the_signed_bytes_unchanged(parameters: dict[str, str | int]) -> None:
    target = f"/fapi/v1/listenKey?{signed_query(parameters, private_key_signer(ED25519_KEY))}"

    request = httpx.Request("POST", f"https://fapi.binance.com{target}")

    assert request.url.raw_path == target.encode()
