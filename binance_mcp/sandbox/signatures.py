"""Checking signatures. It shares no code with the client, so that a mistake cannot cancel out.

https://developers.binance.com/docs/derivatives/usds-margined-futures/general-info
"""

import base64
import hmac
from collections.abc import Callable
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

Verifier = Callable[[str, str], bool]
"""Return whether a signature (second) is that of a payload (first)."""

_PADDING: Final = PKCS1v15()


def hmac_verifier(secret: str) -> Verifier:
    """Return a check against an API secret: HMAC-SHA256 in hexadecimal of either case."""

    def verify(payload: str, signature: str) -> bool:
        expected = hmac.digest(secret.encode(), payload.encode(), "sha256")
        try:
            return hmac.compare_digest(expected, bytes.fromhex(signature))
        except ValueError:  # it is not hexadecimal
            return False

    return verify


def public_key_verifier(pem: str) -> Verifier:
    """Return a check against an RSA (PKCS #1 v1.5, SHA-256) or Ed25519 public key in PEM.

    Raises:
        ValueError: The PEM is not such a key.

    """
    try:
        key = load_pem_public_key(pem.encode())
    except UnsupportedAlgorithm:
        key = None
    if isinstance(key, RSAPublicKey):
        rsa_key = key
        return _verifier(lambda raw, data: rsa_key.verify(raw, data, _PADDING, SHA256()))
    if isinstance(key, Ed25519PublicKey):
        return _verifier(key.verify)
    raise ValueError("the public key is neither RSA nor Ed25519")


def _verifier(check: Callable[[bytes, bytes], None]) -> Verifier:
    def verify(payload: str, signature: str) -> bool:
        try:
            check(base64.b64decode(signature, validate=True), payload.encode())
        except (InvalidSignature, ValueError):  # ValueError: it is not base64
            return False
        return True

    return verify
