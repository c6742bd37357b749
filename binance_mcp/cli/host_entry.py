"""How a host starts this server."""

import json
import sys
from collections.abc import Sequence
from typing import Final

ARGUMENTS: Final[Sequence[str]] = ("-P", "-m", "binance_mcp")
"""Those of `sys.executable`. With -P, no module comes from the folder that it starts in."""


def host_config() -> str:
    """Return the entry of a host's configuration that starts this server, as JSON."""
    entry = {
        "command": sys.executable,
        "args": ARGUMENTS,
        "env": {"BINANCE_API_KEY": "your API key"},
    }
    return json.dumps({"mcpServers": {"binance": entry}}, indent=2)
