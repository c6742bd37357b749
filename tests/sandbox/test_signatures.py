import pytest

from binance_mcp.sandbox.signatures import hmac_verifier, public_key_verifier
from tests.signature_vectors import (
    EC_PUBLIC_KEY,
    ED25519_EXAMPLES,
    ED25519_KEY,
    ED25519_PUBLIC_KEY,
    FUTURES_SECRET,
    HMAC_EXAMPLES,
    RSA_PUBLIC_KEY,
    RSA_SIGNATURE,
    UNKNOWN_PUBLIC_KEY,
)


@pytest.mark.parametrize(("secret", "payload", "signature"), HMAC_EXAMPLES)
def test_the_examples_that_binance_publishes_pass(
    secret: str, payload: str, signature: str
) -> None:
    assert hmac_verifier(secret)(payload, signature)
    assert not hmac_verifier(secret)(f"{payload}0", signature)


@pytest.mark.parametrize(("payload", "signature"), ED25519_EXAMPLES)
def test_a_signature_of_the_ed25519_key_passes(payload: str, signature: str) -> None:
    assert public_key_verifier(ED25519_PUBLIC_KEY)(payload, signature)
    assert not public_key_verifier(ED25519_PUBLIC_KEY)(f"{payload}0", signature)


def test_a_signature_of_the_rsa_key_passes() -> None:
    assert public_key_verifier(RSA_PUBLIC_KEY)("timestamp=1591702613943", RSA_SIGNATURE)
    assert not public_key_verifier(RSA_PUBLIC_KEY)("timestamp=1591702613944", RSA_SIGNATURE)


@pytest.mark.parametrize("pem", [EC_PUBLIC_KEY, UNKNOWN_PUBLIC_KEY])
def test_a_public_key_of_another_kind_is_refused(pem: str) -> None:
    with pytest.raises(ValueError, match=r"^the public key is neither RSA nor Ed25519$"):
        public_key_verifier(pem)


@pytest.mark.parametrize("pem", ["", FUTURES_SECRET, ED25519_KEY])
def test_what_is_no_public_key_is_refused(pem: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        public_key_verifier(pem)


@pytest.mark.parametrize("pem", [ED25519_PUBLIC_KEY, RSA_PUBLIC_KEY])
@pytest.mark.parametrize("signature", ["", "YQ==", "YQ", "é", RSA_SIGNATURE[:-4]])
def test_what_is_no_signature_does_not_pass(pem: str, signature: str) -> None:
    assert public_key_verifier(pem)("timestamp=1", signature) is False


def test_a_signature_with_anything_else_in_it_does_not_pass() -> None:
    payload, signature = ED25519_EXAMPLES[0]

    assert not public_key_verifier(ED25519_PUBLIC_KEY)(payload, f"{signature[:9]} {signature[9:]}")


def test_the_case_of_a_hexadecimal_signature_does_not_matter() -> None:
    secret, payload, signature = HMAC_EXAMPLES[0]

    assert hmac_verifier(secret)(payload, signature.upper())
    assert not hmac_verifier(secret)(payload, signature[:-1])
    assert not hmac_verifier(secret)(payload, signature[:-2])
    assert not hmac_verifier(secret)(payload, "é")
