"""Binance's environments: hosts, limits, and the URL of a user data stream."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

EVENT_TYPES: Final = (
    "ORDER_TRADE_UPDATE",
    "ACCOUNT_UPDATE",
    "MARGIN_CALL",
    "TRADE_LITE",
    "ACCOUNT_CONFIG_UPDATE",
    "STRATEGY_UPDATE",
    "GRID_UPDATE",
    "CONDITIONAL_ORDER_TRIGGER_REJECT",
    "ALGO_UPDATE",
    "listenKeyExpired",
)
"""Every event of the user data stream.

https://developers.binance.com/docs/derivatives/usds-margined-futures/user-data-streams
"""
_IN_PROCESS: Final = "ws://sandbox.invalid"


@dataclass(frozen=True)
class Environment:
    """One of Binance's environments. API keys of one are unknown to the others.

    https://developers.binance.com/docs/derivatives/usds-margined-futures/general-info
    """

    name: str
    rest_url: str
    stream_url: str
    weight_limit: int
    """Request weight that an IP address may use per minute."""

    @property
    def foreign_hosts(self) -> str:
        """The hosts that settings use instead of Binance's; empty if there are none."""
        own = ENVIRONMENTS[self.name]
        hosts = (
            (urlsplit(self.rest_url), urlsplit(own.rest_url)),
            (urlsplit(self.stream_url), urlsplit(own.stream_url)),
        )
        return " and ".join(dict.fromkeys(url.netloc for url, its in hosts if url != its))

    @property
    def is_in_process(self) -> bool:
        """Whether nothing outside of this process can connect to its streams."""
        return self.stream_url == _IN_PROCESS

    def user_stream_url(self, listen_key: str) -> str:
        """Return the WebSocket URL of the user data stream of `listen_key`: as secret as the key.

        Only the routed form with `events` is documented to deliver `listenKeyExpired`:
        https://developers.binance.com/docs/derivatives/usds-margined-futures/websocket-market-streams/Important-WebSocket-Change-Notice
        """
        events = "/".join(EVENT_TYPES)
        return f"{self.stream_url}/private/ws?listenKey={listen_key}&events={events}"


ENVIRONMENTS: Final = {
    environment.name: environment
    for environment in (
        Environment("mainnet", "https://fapi.binance.com", "wss://fstream.binance.com", 2400),
        Environment(
            "demo", "https://demo-fapi.binance.com", "wss://demo-fstream.binance.com", 6000
        ),
        Environment("sandbox", "http://sandbox.invalid", _IN_PROCESS, 2400),
    )
}
"""The hosts of `sandbox` do not exist: it runs in this process, unless its URLs are set."""
