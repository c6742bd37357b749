from datetime import UTC, datetime

import pytest
from mcp.types import TextContent

from binance_mcp.futures.listen_key import ListenKey
from binance_mcp.server.tools.listen_key import ClosedListenKey, KeptListenKey
from binance_mcp.server.tools.results import (
    date_and_time,
    how_to_connect_again,
    shown,
    succeeded,
)

NOON = datetime(2026, 11, 18, 12, tzinfo=UTC)
KEPT = KeptListenKey(
    environment="demo",
    listen_key="abcd…",
    expires_at=NOON,
    expires_in_seconds=3600,
    automatic_keepalive=True,
    events_missing_since=None,
)


def test_what_does_not_apply_is_left_out_of_the_data() -> None:
    assert KEPT.as_json() == {
        "environment": "demo",
        "listenKey": "abcd…",
        "expiresAt": "2026-11-18T12:00:00Z",
        "expiresInSeconds": 3600.0,
        "automaticKeepalive": True,
    }


def test_a_date_is_told_with_its_day_and_zone() -> None:
    assert date_and_time(NOON) == "2026-11-18 12:00:00 UTC"


def test_a_result_has_a_text_and_data() -> None:
    closed = ClosedListenKey(environment="demo", closed=True, was_active=False)
    result = succeeded("Closed.", closed)
    assert result.content == [TextContent(type="text", text="Closed.")]
    assert result.structured_content == {"environment": "demo", "closed": True, "wasActive": False}
    assert not result.is_error


@pytest.mark.parametrize(("is_revealed", "text"), [(True, "k" * 64), (False, "kkkk…")])
def test_a_listen_key_is_shown_only_if_it_may_be(text: str, *, is_revealed: bool) -> None:
    assert shown(ListenKey("k" * 64), is_revealed=is_revealed) == text


def test_who_cannot_have_the_key_is_not_sent_to_create_for_it() -> None:
    assert "BinanceFuturesCreateListenKey returns the key" in how_to_connect_again("create")
    assert "Create" not in how_to_connect_again("never")
