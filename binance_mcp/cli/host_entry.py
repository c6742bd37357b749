"""The entry of a host's configuration that starts this server."""

import json
import sys


def host_config() -> str:
    """Return the entry of a host's configuration that starts this server, as JSON."""
    entry = {
        "command": sys.executable,
        "args": ["-P", "-m", "binance_mcp"],  # -P: no module comes from the folder it starts in
        "env": {"BINANCE_API_KEY": "your API key"},
    }
    return json.dumps({"mcpServers": {"binance": entry}}, indent=2)
