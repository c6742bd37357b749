"""The forms of a user data stream's URL.

Which of them deliver events has changed without notice; the others open and stay silent. The
present documentation has the first:
https://developers.binance.com/docs/derivatives/usds-margined-futures/websocket-market-streams/Important-WebSocket-Change-Notice
"""

from dataclasses import dataclass
from typing import Final

from binance_mcp.futures.environment import EVENT_TYPES, Environment
from binance_mcp.futures.listen_key import ListenKey


@dataclass(frozen=True)
class UrlForm:
    """A form of the URL."""

    name: str
    """As the documentation writes it."""
    path: str

    def url(self, environment: Environment, key: ListenKey) -> str:
        """Return the URL of a stream: as secret as the key."""
        path = self.path.format(key=key.get_secret_value(), events="/".join(EVENT_TYPES))
        return f"{environment.stream_url}{path}"


URL_FORMS: Final = (
    UrlForm("/private/ws?listenKey=&events=", "/private/ws?listenKey={key}&events={events}"),
    UrlForm("/private/ws/<listenKey>", "/private/ws/{key}"),
    UrlForm("/private/ws?listenKey=", "/private/ws?listenKey={key}"),
)
"""In the order in which they are tried."""
