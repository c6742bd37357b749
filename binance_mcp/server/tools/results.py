"""What all tools return: data, and sentences that a model reads.

Nothing is claimed that is not known: an active key is one that Binance confirmed at a time that is
told, and another program may have closed it since. What does not apply is left out.
"""

from datetime import UTC, datetime
from typing import Any, Final, Literal

from mcp.types import CallToolResult, TextContent
from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from binance_mcp.futures.account import Account
from binance_mcp.futures.listen_key import ListenKey
from binance_mcp.server.tools.told_keys import Replacement

Reveal = Literal["always", "create", "never"]
"""Which tools show the listen key: all, only Create, or none."""

_KEY_IN_URL: Final = "<listenKey>"
_PROGRAMS: Final = "Programs with a WebSocket of their own"


class ToolResult(BaseModel):
    """The data of a result, in camelCase like Binance's."""

    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True)

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON, without fields that do not apply."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


def stream_url(account: Account) -> str | None:
    """Return the stream's URL with a placeholder for the listen key, which is shown only once.

    There is none that a program could connect to if the sandbox is in this process.
    """
    if account.environment.is_in_process:
        return None
    return account.environment.user_stream_url(_KEY_IN_URL)


def replacement_sentences(account: Account, replaced: Replacement | None, how: str) -> str:
    """Return what a model must read first if the key is not the one that it was told before.

    `how` says how to receive events again.
    """
    if replaced is None:
        return ""
    since = date_and_time(account.date_of(replaced.missing_since))
    return (
        f"The listen key was replaced: {replaced.old} is no longer valid; the account's key is now "
        f"{replaced.new}. Events since {since} may be missing. {how}\n"
    )


def shown(key: ListenKey, *, is_revealed: bool) -> str:
    """Return a listen key, masked unless it may be revealed."""
    return key.get_secret_value() if is_revealed else str(key)


def how_to_connect_again(reveal: Reveal) -> str:
    """Return the sentence about how to receive events again, for results without the key."""
    if reveal != "never":
        return f"{_PROGRAMS} must connect again; BinanceFuturesCreateListenKey returns the key."
    return f"{_PROGRAMS} must connect again."


def date_of(at: float) -> datetime:
    """Return the date of a time in seconds since the Unix epoch, in whole seconds."""
    return datetime.fromtimestamp(round(at), UTC)


def date_if(at: float | None) -> datetime | None:
    """Return the date of a time, if there is one."""
    return None if at is None else date_of(at)


def date_and_time(date: datetime) -> str:
    """Return a date for a text."""
    return f"{date:%Y-%m-%d %H:%M:%S} UTC"


def succeeded(text: str, result: ToolResult) -> CallToolResult:
    """Return the result of a successful call."""
    content = TextContent(type="text", text=text)
    return CallToolResult(content=[content], structured_content=result.as_json())
