"""The one place that makes HTTP clients, so that all traffic takes the same proxy and certificates.

They come from the environment: `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`, in
upper or lower case (the system's settings on macOS and Windows), `SSL_CERT_FILE` and
`SSL_CERT_DIR`. httpx2 reads them too, but not for WebSockets, and not every form of a proxy's URL:
https://www.python-httpx.org/environment_variables/
"""

import os
import re
import ssl
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx2 as httpx
from starlette.types import ASGIApp

from binance_mcp.futures.binance_error import NetworkSettingsError
from binance_mcp.urls import is_loopback

HttpClient = Callable[[], httpx.AsyncClient]
"""Return the HTTP client."""

_HEADERS: Final = {"Accept-Encoding": "identity"}
"""Answers are small: no decompression bombs."""
_HTTP_SCHEMES: Final = {"wss": "https", "ws": "http"}
"""A WebSocket uses the proxy of the HTTP request that it starts as."""
_SPELLINGS: Final = {"socks": "socks5", "": "http"}
"""What desktops and curl mean by `socks://`, and by no scheme."""
_SCHEME: Final = re.compile(r"(?:([a-z0-9+.-]+)://)?(.*)", re.IGNORECASE | re.DOTALL)
_USABLE: Final = ("http", "https", "socks5", "socks5h")


def proxy_for(
    url: str, proxies: Mapping[str, str], bypass: Callable[[str], object]
) -> httpx.Proxy | None:
    """Return the proxy for requests to `url`; None for a direct connection.

    `proxies` are those of `urllib.request.getproxies`; `bypass` returns whether `NO_PROXY` names a
    host, with its port. Requests to this machine never use a proxy.

    Raises:
        NetworkSettingsError: The proxy cannot be used. The text has its variable, not its value.

    """
    parts = urlsplit(url)
    scheme = _HTTP_SCHEMES.get(parts.scheme, parts.scheme)
    name = scheme if scheme in proxies else "all"
    if name not in proxies or is_loopback(parts.hostname or "") or bypass(parts.netloc):
        return None
    variable = f"{name.upper()}_PROXY"
    found = _SCHEME.fullmatch(proxies[name].strip())
    kind, rest = (found[1] or "").lower() if found else "", found[2] if found else ""
    kind = _SPELLINGS.get(kind, kind)
    if kind not in _USABLE:
        wanted = ", ".join(f"{each}://" for each in _USABLE)
        raise NetworkSettingsError(f"{variable} names a proxy of an unknown kind; known: {wanted}")
    try:
        parsed = urlsplit(f"{kind}://{rest}")
        has_place = parsed.hostname is not None and parsed.port != 0  # reading the port checks it
        proxy = httpx.Proxy(f"{kind}://{rest}") if has_place else None
    except (httpx.InvalidURL, ValueError):
        proxy = None
    if proxy is None:
        raise NetworkSettingsError(
            f"{variable} is not the URL of a proxy, such as http://host:port"
        )
    return proxy


@asynccontextmanager
async def http_client(base_url: str, *, app: ASGIApp | None = None) -> AsyncGenerator[HttpClient]:
    """Yield a function that returns the HTTP client for `base_url`; with `app`, that app answers.

    The client is opened at its first use, because loading certificates would delay the start.
    Opening it raises a `NetworkSettingsError` if the proxy or the certificates cannot be used.
    """
    if app is not None:
        from binance_mcp.futures.in_process import in_process_client  # noqa: PLC0415  # seldom used

        async with in_process_client(base_url, app) as client:
            yield lambda: client
        return

    @cache
    def opened() -> httpx.AsyncClient:
        return httpx.AsyncClient(
            base_url=base_url,
            proxy=proxy_for(base_url, getproxies(), proxy_bypass),
            verify=_certificates() if base_url.startswith(("https", "wss")) else False,
            timeout=None,
            trust_env=False,
            headers=_HEADERS,
        )

    try:
        yield opened
    finally:
        if opened.cache_info().currsize:
            await opened().aclose()


def is_network_error(error: Exception) -> bool:
    """Return whether a request failed on its way: httpx2 passes on errors of its SOCKS library."""
    from socksio.exceptions import SOCKSError  # noqa: PLC0415  # seldom needed

    return isinstance(error, httpx.RequestError | OSError | SOCKSError)


def _certificates() -> ssl.SSLContext:
    file, folder = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    if file and not Path(file).is_file():  # a FIFO would block
        raise NetworkSettingsError("SSL_CERT_FILE is not a file")
    if folder and not file and not Path(folder).is_dir():
        raise NetworkSettingsError("SSL_CERT_DIR is not a folder")
    try:
        return httpx.create_ssl_context()
    except (OSError, ssl.SSLError):
        raise NetworkSettingsError(
            "SSL_CERT_FILE or SSL_CERT_DIR has no certificates that can be read"
        ) from None
