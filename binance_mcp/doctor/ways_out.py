"""The ways out of this machine: proxies, names, IPv4 and IPv6, for REST and for streams."""

import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import anyio

from binance_mcp.doctor.finding import Certainty, Finding, Verdict, ok, problem
from binance_mcp.futures.binance_error import NetworkSettingsError
from binance_mcp.futures.environment import Environment
from binance_mcp.futures.http_client import proxy_for
from binance_mcp.urls import is_loopback

_CHECK: Final = "network"
_PORTS: Final = {"https": 443, "wss": 443, "http": 80, "ws": 80, "socks5": 1080, "socks5h": 1080}
_PROXY_VARIABLES: Final = "HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY"


@dataclass(frozen=True)
class Way:
    """How requests to a host leave this machine."""

    host: str
    proxy: str | None
    """Kind, host and port of the proxy; never its password. None: directly."""
    next_hop: str
    """Host and port of the proxy, or of the host itself."""
    is_known: bool = True
    """Whether the name of the next hop has an address."""
    reached_by: tuple[str, ...] = ()
    """`IPv4` and `IPv6`, as far as the next hop can be connected to by it."""

    @property
    def is_open(self) -> bool:
        """Whether the next hop can be connected to."""
        return bool(self.reached_by)

    @property
    def direction(self) -> str:
        """Whether it goes through a proxy, in words."""
        return f"through the proxy {self.proxy}" if self.proxy else "directly"

    @property
    def words(self) -> str:
        """The way in words, if it is open."""
        return f"{self.direction}, by {' and '.join(self.reached_by)}"


async def look_for_ways(environment: Environment, seconds: float) -> tuple[Way, Way]:
    """Connect to the next hop towards REST and towards streams, and send nothing.

    Raises:
        NetworkSettingsError: The proxy cannot be used.

    """
    rest, stream = _way(environment.rest_url), _way(environment.stream_url)
    rest = await _tried(rest, seconds)
    is_same_hop = stream.next_hop == rest.next_hop
    return rest, _like(stream, rest) if is_same_hop else await _tried(stream, seconds)


def unusable_way(error: NetworkSettingsError) -> Finding:
    """Return what is wrong with a proxy or certificates that cannot be used."""
    return problem(
        _CHECK,
        str(error),
        "Correct or unset that variable where this program is started. A proxy may also come from "
        "the system's settings.",
    )


def judge_ways(rest: Way, stream: Way) -> Sequence[Finding]:
    """Judge the ways of REST and of streams."""
    blocked = [finding for way in dict.fromkeys((rest, stream)) for finding in _blocked(way)]
    if rest.proxy != stream.proxy and not is_local(rest.host):
        return [_two_ways(rest, stream), *blocked]
    return blocked or [ok(_CHECK, f"REST and streams leave {rest.words}")]


def _two_ways(rest: Way, stream: Way) -> Finding:
    is_blocked = not (rest.is_open and stream.is_open)
    effect = "one of these ways is closed" if is_blocked else "Binance sees two addresses"
    return Finding(
        _CHECK,
        Verdict.PROBLEM if is_blocked else Verdict.WARNING,
        f"requests to {rest.host} leave {rest.direction}, and streams from {stream.host} "
        f"{stream.direction}: {effect}",
        f"Look at {_PROXY_VARIABLES}: both hosts should take the same way.",
        Certainty.LIKELY if is_blocked else Certainty.CERTAIN,
    )


def _blocked(way: Way) -> Iterator[Finding]:
    """Find why the next hop cannot be connected to."""
    hop = f"the proxy {way.proxy}" if way.proxy else way.next_hop
    variables = f"Look at {_PROXY_VARIABLES}, and whether the proxy runs."
    if not way.is_known:
        network = f"Check the network, and the name {way.host}; a proxy may be needed."
        cause = f"the name of {hop} cannot be resolved to an address"
        yield problem(_CHECK, cause, variables if way.proxy else network)
    elif not way.is_open:
        network = "Check the network and firewalls; a proxy may be needed."
        cause = f"{hop} cannot be connected to, neither by IPv4 nor by IPv6"
        yield problem(_CHECK, cause, variables if way.proxy else network)


def is_local(host: str) -> bool:
    """Return whether a host, with or without a port, is this machine."""
    return is_loopback(urlsplit(f"//{host}").hostname or "")


def _way(url: str) -> Way:
    parts = urlsplit(url)
    proxy = proxy_for(url, getproxies(), proxy_bypass)
    if proxy is None:
        hop = f"{_bracketed(parts.hostname or '')}:{parts.port or _PORTS[parts.scheme]}"
        return Way(parts.netloc, None, hop)
    place = proxy.url
    port = place.port or _PORTS[place.scheme]
    hop = f"{_bracketed(place.host)}:{port}"
    return Way(parts.netloc, f"{place.scheme}://{hop}", hop)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _like(way: Way, other: Way) -> Way:
    return Way(way.host, way.proxy, way.next_hop, other.is_known, other.reached_by)


async def _tried(way: Way, seconds: float) -> Way:
    parts = urlsplit(f"//{way.next_hop}")
    host, port = parts.hostname or "", parts.port or 0
    try:
        with anyio.fail_after(seconds):
            found = await anyio.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, TimeoutError):
        return Way(way.host, way.proxy, way.next_hop, is_known=False)
    addresses = {f"IPv{ip_address(str(at[0])).version}": str(at[0]) for *_, at in found}
    reached: set[str] = set()

    async def connect(family: str, address: str) -> None:
        try:
            with anyio.fail_after(seconds):
                await (await anyio.connect_tcp(address, port)).aclose()
            reached.add(family)
        except (OSError, TimeoutError):
            return

    async with anyio.create_task_group() as tasks:
        for family, address in addresses.items():
            tasks.start_soon(connect, family, address)
    return Way(way.host, way.proxy, way.next_hop, reached_by=tuple(sorted(reached)))
