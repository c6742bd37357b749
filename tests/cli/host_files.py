"""The files of hosts in the home of whoever runs the command."""

from pathlib import Path

from binance_mcp.hosts import edit
from binance_mcp.hosts.host import HOSTS, HostName
from binance_mcp.hosts.host_file import read
from binance_mcp.hosts.machine import this_machine


def file_of(name: HostName, content: bytes | None = None) -> Path:
    """Return the file of a host, with a content."""
    path = HOSTS[name].file(this_machine())
    if content is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return path


def entry(name: HostName, of: str = "binance") -> object:
    return edit.entry_in(read(file_of(name)).text, HOSTS[name], of)
