import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binance_mcp.masking import mask, mask_tokens

KEY = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"
TOKENS = st.text(string.ascii_letters + string.digits, min_size=40)
NO_TOKENS = st.text(st.characters(exclude_categories=["L", "N"]))


@pytest.mark.parametrize(
    ("secret", "masked"),
    [("", "…"), ("fifteen letters", "…"), ("sixteen letters!", "sixt…"), (KEY, "vmPU…")],
)
def test_a_mask_shows_four_characters_of_a_long_secret_only(secret: str, masked: str) -> None:
    assert mask(secret) == masked


def test_every_token_in_a_text_is_masked() -> None:
    url = f"wss://host/ws?listenKey={KEY}&signature={'0a' * 32}"
    assert mask_tokens(url) == "wss://host/ws?listenKey=vmPU…&signature=0a0a…"


def test_text_shorter_than_a_token_is_not_masked() -> None:
    assert mask_tokens("a" * 39) == "a" * 39
    assert mask_tokens("a" * 40) == "aaaa…"


@given(NO_TOKENS, TOKENS, NO_TOKENS)
def test_a_token_is_masked_whatever_surrounds_it(before: str, token: str, after: str) -> None:
    assert mask_tokens(f"{before}{token}{after}") == f"{before}{token[:4]}…{after}"
