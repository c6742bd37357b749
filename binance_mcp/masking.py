"""Showing a secret without telling it. Standard library only."""

import re
from typing import Final

_LONG_TOKEN: Final = re.compile(r"[A-Za-z0-9]{40,}")
_SHOWN: Final = 4


def mask(secret: str) -> str:
    """Return enough of `secret` to tell it from another: four characters of a long one, or none."""
    return f"{secret[:_SHOWN]}…" if len(secret) >= 4 * _SHOWN else "…"


def mask_tokens(text: str) -> str:
    """Return `text` with everything masked that has the length and letters of a key or signature.

    Binance's API keys, secrets, listen keys and HMAC signatures all have 64 letters and digits.
    """
    return _LONG_TOKEN.sub(lambda found: mask(found[0]), text)
