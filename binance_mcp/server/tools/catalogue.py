"""Every tool of the server."""

from mcp.server.mcpserver.tools import Tool

from binance_mcp.server.tools.account_snapshot import account_snapshot_tool
from binance_mcp.server.tools.listen_key import listen_key_tools
from binance_mcp.server.tools.results import Reveal
from binance_mcp.server.tools.status import PolicyStatus, status_tool
from binance_mcp.server.tools.told_keys import ToldKeys
from binance_mcp.server.tools.user_events import user_events_tool


def all_tools(
    policy: PolicyStatus | None = None,
    *,
    reveal: Reveal = "create",
    events: bool = True,
    reads: bool = True,
) -> list[Tool]:
    """Return the tools, in the order in which they are listed.

    `policy` is what the status reports of the policy; `reveal` says which tools show the
    listen key; without `events`, none can be read; without `reads`, neither can the account.
    """
    told_keys = ToldKeys()
    return [
        *listen_key_tools(told_keys, reveal),
        status_tool(told_keys, policy, reveal),
        *([user_events_tool()] if events else []),
        *([account_snapshot_tool()] if reads else []),
    ]


def tool_arguments() -> dict[str, frozenset[str]]:
    """Return the names of the tools, with the names of the arguments of each."""
    return {tool.name: frozenset(tool.parameters["properties"]) for tool in all_tools()}
