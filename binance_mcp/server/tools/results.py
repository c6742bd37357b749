"""What the listen-key tools return: the data, and the sentences that a model reads of it.

Nothing is claimed that is not known: an active key is one that Binance confirmed at a time that is
told, and another program may have closed it since. What does not apply is left out.
"""

from datetime import datetime
from typing import Any, Final

from mcp.types import CallToolResult, TextContent
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from binance_mcp.futures.exchange import Exchange
from binance_mcp.futures.listen_key import ActiveKey, ListenKey
from binance_mcp.server.told_keys import Replacement

_KEY_IN_URL: Final = "<listenKey>"


class Told(BaseModel):
    """Something that is told in Binance's spelling: camelCase."""

    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True)

    def data(self) -> dict[str, Any]:
        """Return it as JSON data, without what does not apply."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


class KeptListenKey(Told):
    """An active listen key."""

    environment: str
    listen_key: str
    expires_at: datetime
    expires_in_seconds: int
    automatic_keepalive: bool
    events_missing_since: datetime | None = Field(
        None, description="Since when, if the key replaces another one."
    )
    web_socket_url: str | None = None


class ClosedListenKey(Told):
    """A closed listen key."""

    environment: str
    closed: bool
    was_active: bool


def kept(
    exchange: Exchange, active: ActiveKey, replaced: Replacement | None, *, shown: str
) -> KeptListenKey:
    """Return the result about an active key, which is `shown` so."""
    return KeptListenKey(
        environment=exchange.environment.name,
        listen_key=shown,
        expires_at=exchange.date_of(active.expires_at),
        expires_in_seconds=round(active.expires_at - exchange.keeper.clock.now()),
        automatic_keepalive=exchange.keeper.schedule is not None,
        events_missing_since=exchange.date_of(replaced.missing_since) if replaced else None,
        web_socket_url=stream_url(exchange) if replaced else None,
    )


def stream_url(exchange: Exchange) -> str:
    """Return the stream's URL with a place for the listen key, which is told only once."""
    return exchange.environment.user_stream_url(_KEY_IN_URL)


def shown(key: ListenKey, *, reveal: bool) -> str:
    """Return a listen key as it may be told."""
    return key.get_secret_value() if reveal else str(key)


def replacement_sentences(exchange: Exchange, replaced: Replacement | None) -> str:
    """Return what a model must know first of a key that is not the one it was told before."""
    if replaced is None:
        return ""
    since = date_and_time(exchange.date_of(replaced.missing_since))
    return (
        f"The listen key was replaced: {replaced.old} is not valid any more, the account's key is "
        f"{replaced.new} now. Events since {since} may be missing. "
        "Connect anew: BinanceFuturesCreateListenKey returns the key for webSocketUrl. "
    )


def care_sentence(result: KeptListenKey) -> str:
    """Return who keeps the key alive."""
    if result.automatic_keepalive:
        return "This server keeps it alive automatically."
    return "Keep it alive every 30-50 minutes with BinanceFuturesKeepAliveListenKey."


def date_and_time(date: datetime) -> str:
    """Return a date as a model reads it."""
    return f"{date:%Y-%m-%d %H:%M:%S} UTC"


def succeeded(text: str, result: Told) -> CallToolResult:
    """Return the result of a call that succeeded."""
    content = TextContent(type="text", text=text)
    return CallToolResult(content=[content], structured_content=result.data())
