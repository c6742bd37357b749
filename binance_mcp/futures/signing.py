"""Signing requests. Knows neither time nor HTTP.

https://developers.binance.com/docs/derivatives/usds-margined-futures/general-info
"""

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import quote, urlencode

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa

Signer = Callable[[str], str]
"""Return the signature of a payload, before URL encoding."""

_PKCS1V15: Final = padding.PKCS1v15()


def signed_query(parameters: Mapping[str, str | int], signer: Signer) -> str:
    """Return the query string of `parameters` with their `signature` last.

    The bytes before `&signature=` are exactly the bytes that were signed.
    """
    query = urlencode(parameters)
    return f"{query}&signature={quote(signer(query), safe='')}"


def hmac_signer(secret: str) -> Signer:
    """Return a signer by API secret: HMAC-SHA256, in hexadecimal."""

    def sign(payload: str) -> str:
        return hmac.new(secret.encode(), payload.encode(), hashlib.sha256).hexdigest()

    return sign


def private_key_signer(pem: str, passphrase: str | None = None) -> Signer:
    """Return a signer by RSA (PKCS #1 v1.5, SHA-256) or Ed25519 private key, in base64.

    Raises:
        ValueError: The PEM cannot be read, its passphrase does not fit, or it is another kind of
            key. The text says which, and has nothing of the key.

    """
    try:
        key = serialization.load_pem_private_key(
            pem.encode(), passphrase.encode() if passphrase else None
        )
    except TypeError:  # cryptography's word for a passphrase too many or too few
        wanted = "has no passphrase, but one is given" if passphrase else "needs its passphrase"
        raise ValueError(f"the private key {wanted}") from None
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError(
            "not a private key in PEM (-----BEGIN PRIVATE KEY-----), or its passphrase is wrong"
        ) from None
    if isinstance(key, rsa.RSAPrivateKey):
        rsa_key = key
        return lambda payload: _base64(rsa_key.sign(payload.encode(), _PKCS1V15, hashes.SHA256()))
    if isinstance(key, ed25519.Ed25519PrivateKey):
        ed25519_key = key
        return lambda payload: _base64(ed25519_key.sign(payload.encode()))
    raise ValueError("the private key is neither RSA nor Ed25519")


def _base64(signature: bytes) -> str:
    return base64.b64encode(signature).decode()
