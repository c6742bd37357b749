"""The resources. Reading one is subject to the policy of the tool that returns the same."""

import json
from typing import Final

from mcp.server.lowlevel.helper_types import ReadResourceContents
from mcp.types import CallToolResult, Resource

from binance_mcp.futures.account import Account
from binance_mcp.server.tools.results import Reveal
from binance_mcp.server.tools.status import STATUS_TOOL, status_of
from binance_mcp.server.tools.user_events import USER_EVENTS_TOOL, newest_events

LISTEN_KEY_URI: Final = "binance://futures/listen-key"
USER_EVENTS_URI: Final = "binance://futures/user-events"

LISTEN_KEY: Final = Resource(
    uri=LISTEN_KEY_URI,
    name="listen-key",
    title="Listen key",
    description="The state of the account's listen key; subscribers are notified of every change.",
    mime_type="application/json",
)

USER_EVENTS: Final = Resource(
    uri=USER_EVENTS_URI,
    name="user-events",
    title="User events",
    description="The newest events of the account; subscribers are notified when there are more.",
    mime_type="application/json",
)
TOOL_OF: Final = {LISTEN_KEY_URI: STATUS_TOOL, USER_EVENTS_URI: USER_EVENTS_TOOL}
"""The tool that returns what a resource contains."""


def listen_key_status(account: Account, reveal: Reveal) -> CallToolResult:
    """Return the status as the result of a call."""
    return CallToolResult(
        content=[], structured_content=status_of(account, reveal, detail=True).as_json()
    )


async def user_events(account: Account) -> CallToolResult:
    """Return the newest events as the result of a call."""
    newest = newest_events(account).as_json()
    await account.stream.journal.kept()
    return CallToolResult(content=[], structured_content=newest)


def resource_contents(result: CallToolResult) -> ReadResourceContents:
    """Return the result of a call as the contents of a resource."""
    content = json.dumps(result.structured_content)
    return ReadResourceContents(content=content, mime_type="application/json")
