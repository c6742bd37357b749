"""Checks of hosts and base URLs. Standard library only."""

import re
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

_NOT_IN_A_BASE_URL: Final = frozenset(" ?#@\\")
"""A base URL has no query, fragment or credentials."""
_NAME: Final = r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*\.?"
_NETLOC: Final = re.compile(rf"(?:\[(?P<ipv6>.+)\]|(?P<name>{_NAME}))(?::[0-9]*)?", re.IGNORECASE)
_LONGEST: Final = 2000
"""In characters."""


def is_loopback(host: str) -> bool:
    """Return whether `host` is `localhost` or a loopback address."""
    return ip_address(host).is_loopback if _is_address(host) else host == "localhost"


def _is_address(host: str) -> bool:
    try:
        return bool(ip_address(host))
    except ValueError:
        return False


def _is_host(netloc: str) -> bool:
    """Return whether it is a host, with or without a port."""
    match = _NETLOC.fullmatch(netloc)
    if match is None:
        return False
    if ipv6 := match["ipv6"]:
        return _is_address(ipv6)
    # A name that ends in a number must be an IPv4 address: https://url.spec.whatwg.org/#host-parsing
    *_, last = match["name"].split(".")
    return not last.isdecimal() or _is_address(match["name"])


def _check_url(value: str, secure: str, plain: str) -> str:
    wanted = f"must be a plain URL such as {secure}://host"
    try:
        url = urlsplit(value)
        host, _ = url.hostname, url.port  # reading the port checks it
    except ValueError:
        raise ValueError(wanted) from None
    is_plain = not _NOT_IN_A_BASE_URL & set(value) and value.isprintable()
    if not host or not is_plain or len(value) > _LONGEST or not _is_host(url.netloc):
        raise ValueError(wanted)
    if url.scheme != secure and not (url.scheme == plain and is_loopback(host)):
        raise ValueError(f"must start with {secure}:// ({plain}:// only for this machine)")
    return value.rstrip("/")


def check_rest_url(value: str) -> str:
    """Return the base URL of a REST API without its last slash.

    Raises:
        ValueError: It is not a base URL, or is neither https nor on this machine.

    """
    return _check_url(value, "https", "http")


def check_stream_url(value: str) -> str:
    """Return the base URL of WebSocket streams without its last slash.

    Raises:
        ValueError: It is not a base URL, or is neither wss nor on this machine.

    """
    return _check_url(value, "wss", "ws")
