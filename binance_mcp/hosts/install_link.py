"""Links with which a host adds a server by itself, after it has asked."""

import base64
import json
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import quote, urlencode

from binance_mcp.hosts.host import HostName
from binance_mcp.hosts.server_entry import Entry


def install_link(host: HostName, name: str, entry: Entry) -> str | None:
    """Return the link that adds an entry; None if the host has no such links."""
    link = _LINKS.get(host)
    return link(name, entry) if link else None


def _cursor(name: str, entry: Entry) -> str:
    """Return the link as in https://cursor.com/docs/mcp/install-links."""
    return f"cursor://anysphere.cursor-deeplink/mcp/install?{_with_config(name, entry)}"


def _vscode(name: str, entry: Entry) -> str:
    """Return the link as in https://code.visualstudio.com/api/extension-guides/ai/mcp."""
    return f"vscode:mcp/install?{quote(json.dumps({'name': name, **entry}), safe='')}"


def _lm_studio(name: str, entry: Entry) -> str:
    """Return the link as in https://lmstudio.ai/docs/app/mcp/deeplink."""
    return f"lmstudio://add_mcp?{_with_config(name, entry)}"


def _with_config(name: str, entry: Entry) -> str:
    config = base64.b64encode(json.dumps(entry).encode()).decode()
    return urlencode({"name": name, "config": config})


_LINKS: Final[Mapping[HostName, Callable[[str, Entry], str]]] = {
    "cursor": _cursor,
    "vscode": _vscode,
    "lm-studio": _lm_studio,
}
