"""The listen key's status as a resource. Reading it is subject to the policy of the status tool."""

import json
from typing import Final

from mcp.server.lowlevel.helper_types import ReadResourceContents
from mcp.types import CallToolResult, Resource

from binance_mcp.futures.account import Account
from binance_mcp.server.tools.results import Reveal
from binance_mcp.server.tools.status import status_of

LISTEN_KEY_URI: Final = "binance://futures/listen-key"

LISTEN_KEY: Final = Resource(
    uri=LISTEN_KEY_URI,
    name="listen-key",
    title="Listen key",
    description="The state of the account's listen key; subscribers are notified of every change.",
    mime_type="application/json",
)


def listen_key_status(account: Account, reveal: Reveal) -> CallToolResult:
    """Return the status as the result of a call."""
    return CallToolResult(
        content=[], structured_content=status_of(account, reveal, detail=True).as_json()
    )


def listen_key_contents(result: CallToolResult) -> ReadResourceContents:
    """Return the result of `listen_key_status` as the contents of the resource."""
    content = json.dumps(result.structured_content)
    return ReadResourceContents(content=content, mime_type=LISTEN_KEY.mime_type)
