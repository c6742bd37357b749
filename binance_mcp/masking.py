"""Masking secrets in texts. Standard library only."""

import re
from typing import Final

_LONG_TOKEN: Final = re.compile(r"[A-Za-z0-9]{40,}")
_SHOWN: Final = 4


def mask(secret: str) -> str:
    """Return a few characters to recognise a long `secret` by, or none of a short one."""
    return f"{secret[:_SHOWN]}…" if len(secret) >= 4 * _SHOWN else "…"


def mask_tokens(text: str) -> str:
    """Return `text` with every run of 40 or more letters and digits masked.

    Binance's API keys, secrets, listen keys and HMAC signatures all have 64 letters and digits.
    """
    return _LONG_TOKEN.sub(lambda found: mask(found[0]), text)
