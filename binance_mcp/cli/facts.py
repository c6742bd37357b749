"""What is known of this server and of Binance, for advice about policies."""

from typing import Final

from binance_mcp.clock import wall_clock
from binance_mcp.futures.environment import ENVIRONMENTS
from binance_mcp.policy.advice import Facts
from binance_mcp.policy.source import PolicySource
from binance_mcp.server.calls import Calls
from binance_mcp.server.tools import KEEPALIVE_TOOL, listen_key_tools

_LONGEST_PAUSE: Final = 50 * 60.0
"""In seconds. A listen key lives for 60 minutes:
https://developers.binance.com/docs/derivatives/usds-margined-futures/user-data-streams
"""


def server_tools() -> dict[str, frozenset[str] | None]:
    """Return the names of the server's tools, with the names of their arguments."""
    tools = listen_key_tools(Calls(PolicySource(), None, wall_clock))
    return {tool.name: frozenset[str](tool.parameters["properties"]) for tool in tools}


def facts() -> Facts:
    """Return the facts. A tool that the shipped policy lists is as good as one of the server."""
    return Facts(
        tools=dict.fromkeys(PolicySource().document.tools) | server_tools(),
        calls_per_minute=ENVIRONMENTS["mainnet"].weight_limit,
        keepalive=KEEPALIVE_TOOL,
        longest_pause=_LONGEST_PAUSE,
    )
