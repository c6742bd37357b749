"""What all tools return: data, and sentences that a model reads.

Nothing is claimed that is not known: an active key is one that Binance confirmed at a time that is
told, and another program may have closed it since. What does not apply is left out.
"""

from datetime import datetime
from typing import Any, Final

from mcp.types import CallToolResult, TextContent
from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from binance_mcp.futures.account import Account
from binance_mcp.server.tools.told_keys import Replacement

_KEY_IN_URL: Final = "<listenKey>"


class ToolResult(BaseModel):
    """Something that is told in Binance's spelling: camelCase."""

    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True)

    def data(self) -> dict[str, Any]:
        """Return it as JSON data, without what does not apply."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


def stream_url(account: Account) -> str:
    """Return the stream's URL with a place for the listen key, which is told only once."""
    return account.environment.user_stream_url(_KEY_IN_URL)


def replacement_sentences(account: Account, replaced: Replacement | None) -> str:
    """Return what a model must know first of a key that is not the one it was told before."""
    if replaced is None:
        return ""
    since = date_and_time(account.date_of(replaced.missing_since))
    return (
        f"The listen key was replaced: {replaced.old} is not valid any more, the account's key is "
        f"{replaced.new} now. Events since {since} may be missing. "
        "Connect anew: BinanceFuturesCreateListenKey returns the key for webSocketUrl. "
    )


def date_and_time(date: datetime) -> str:
    """Return a date as a model reads it."""
    return f"{date:%Y-%m-%d %H:%M:%S} UTC"


def succeeded(text: str, result: ToolResult) -> CallToolResult:
    """Return the result of a call that succeeded."""
    content = TextContent(type="text", text=text)
    return CallToolResult(content=[content], structured_content=result.data())
