"""Which hosts are this machine, and which base URLs can be used. Standard library only."""

import re
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

_NOT_IN_A_BASE_URL: Final = frozenset(" ?#@\\")
"""A query, a fragment and credentials have no place there."""
_HOST: Final = re.compile(r"[a-z0-9._-]+")


def is_loopback(host: str) -> bool:
    """Return whether `host` is `localhost` or a loopback address, and so stays on this machine."""
    return ip_address(host).is_loopback if _is_address(host) else host == "localhost"


def _is_address(host: str) -> bool:
    try:
        return bool(ip_address(host))
    except ValueError:
        return False


def _check_url(value: str, secure: str, plain: str) -> str:
    wanted = f"must be a plain URL such as {secure}://host"
    try:
        url = urlsplit(value)
        host, _ = url.hostname, url.port  # reading the port checks it
    except ValueError:
        raise ValueError(wanted) from None
    is_host = _is_address(host or "") if "[" in value else _HOST.fullmatch(host or "")
    if not host or not is_host or _NOT_IN_A_BASE_URL & set(value) or not value.isprintable():
        raise ValueError(wanted)
    if url.scheme != secure and not (url.scheme == plain and is_loopback(host)):
        raise ValueError(f"must start with {secure}:// ({plain}:// only for this machine)")
    return value.rstrip("/")


def check_rest_url(value: str) -> str:
    """Return the base URL of a REST API without its last slash.

    Raises:
        ValueError: It is none, or requests to it could be read on their way.

    """
    return _check_url(value, "https", "http")


def check_stream_url(value: str) -> str:
    """Return the base URL of WebSocket streams without its last slash.

    Raises:
        ValueError: It is none, or what it sends could be read on its way.

    """
    return _check_url(value, "wss", "ws")
