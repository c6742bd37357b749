"""The WebSockets of user data streams: the listen keys in their URLs, commands and events.

https://developers.binance.com/docs/derivatives/usds-margined-futures/websocket-market-streams
https://developers.binance.com/docs/derivatives/usds-margined-futures/websocket-market-streams/Important-WebSocket-Change-Notice
"""

import re
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import parse_qsl

import anyio
from pydantic import Field, ValidationError

from binance_mcp.sandbox.accounts import Accounts, Event
from binance_mcp.sandbox.http_messages import Request, compact_json
from binance_mcp.sandbox.moment import Now
from binance_mcp.sandbox.open_streams import OpenStreams
from binance_mcp.sandbox.stream_faults import Form
from binance_mcp.sandbox.websocket import Connection
from binance_mcp.sandbox.wire_model import WireModel, problems

_PATH: Final = re.compile(
    r"(?:/(?P<route>private|public|market))?/(?:stream|(?P<raw>ws)(?:/(?P<names>[^/]+(?:/[^/]+)*))?)"
)
_MOST_STREAMS: Final = 1024
_MOST_MESSAGES: Final = 10
"""Per second."""

EventTypes = frozenset[str] | None
"""The types of event that are wanted; None for all."""


@dataclass(frozen=True, repr=False)
class Opening:
    """What the URL of a WebSocket asks for."""

    is_private: bool
    """Only the private route delivers; others accept a listen key and stay silent."""
    is_wrapped: bool
    """Whether each event comes with the name of its stream."""
    streams: Mapping[str, EventTypes]
    in_path: frozenset[str]
    """Those of the streams that the path names."""

    def form(self, listen_key: str) -> Form:
        """Return how the events of a listen key were asked for."""
        if listen_key not in self.streams:
            return "SUBSCRIBE"
        if listen_key in self.in_path:
            return "/private/ws/<listenKey>"
        if self.streams[listen_key] is None:
            return "/private/stream?listenKey=" if self.is_wrapped else "/private/ws?listenKey="
        if self.is_wrapped:
            return "/private/stream?listenKey=&events="
        return "/private/ws?listenKey=&events="


class Command(WireModel):
    """A request on the WebSocket itself."""

    method: Literal["SUBSCRIBE", "UNSUBSCRIBE", "LIST_SUBSCRIPTIONS"]
    params: tuple[str, ...] = Field(default=(), repr=False)
    id: int | str | None = None


def opening(request: Request) -> Opening | None:
    """Return what a handshake asks for; None if its path is no stream's."""
    found = _PATH.fullmatch(request.path)
    if found is None:
        return None
    names = found["names"].split("/") if found["names"] else ()
    return Opening(
        is_private=found["route"] == "private",
        is_wrapped=found["raw"] is None,
        streams={**dict.fromkeys(names), **_named(request.query)},
        in_path=frozenset(names),
    )


def _named(query: str) -> dict[str, EventTypes]:
    """Return the listen keys of a query, each with the `events` that follow it."""
    streams: dict[str, EventTypes] = {}
    listen_key = None
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name == "listenKey":
            listen_key = value
            streams[value] = None
        elif name == "events" and listen_key is not None:
            streams[listen_key] = frozenset(value.split("/"))
    return streams


class StreamSocket:
    """A WebSocket as a listener."""

    def __init__(
        self,
        connection: Connection,
        opening: Opening,
        accounts: Accounts,
        open_streams: OpenStreams,
        now: Now,
    ) -> None:
        self._connection = connection
        self._opening = opening
        self._accounts = accounts
        self._open_streams = open_streams
        self._now = now
        self._streams: dict[str, EventTypes] = {}
        self._watched: set[str] = set()
        self._received_at: deque[float] = deque(maxlen=_MOST_MESSAGES)
        self._commands: Mapping[str, Callable[[Sequence[str]], Sequence[str] | None]] = {
            "SUBSCRIBE": lambda names: self._subscribe(dict.fromkeys(names)),
            "UNSUBSCRIBE": self._unsubscribe,
            "LIST_SUBSCRIPTIONS": lambda _names: tuple(self._streams),
        }

    async def run(self) -> None:
        """Serve the WebSocket until it ends."""
        await self._connection.run(self._converse)

    def push(self, listen_key: str, event: Event) -> bool:
        """Send an event if its type is wanted, and no fault is against it."""
        wanted = self._streams[listen_key]
        if wanted is not None and event.get("e") not in wanted:
            return False
        if self._open_streams.is_deaf(self._opening.form(listen_key)):
            return False
        frame = {"stream": listen_key, "data": event} if self._opening.is_wrapped else event
        return self._connection.send(compact_json(frame))

    async def _converse(self) -> None:
        try:
            self._open_streams.join(self._connection)
            self._subscribe(self._opening.streams)
            async for message in self._connection:
                if self._is_too_fast():
                    self._connection.refuse(f"more than {_MOST_MESSAGES} messages per second")
                    return
                self._connection.send(compact_json(self._reply(message)))
        finally:
            self._open_streams.leave(self._connection)
            self._unsubscribe(tuple(self._streams))

    def _is_too_fast(self) -> bool:
        now, times = anyio.current_time(), self._received_at
        is_too_fast = len(times) == _MOST_MESSAGES and now - times[0] < 1
        times.append(now)
        return is_too_fast

    def _reply(self, message: str | bytes) -> Mapping[str, object]:
        """Return the reply to a command. Streams that do not exist are acknowledged, too."""
        try:
            command = Command.model_validate_json(message)
        except ValidationError as error:
            complaint = f"Invalid request: {problems(error)}"
            return {"error": {"code": 2, "msg": complaint}, "id": None}
        return {"result": self._commands[command.method](command.params), "id": command.id}

    def _subscribe(self, streams: Mapping[str, EventTypes]) -> None:
        self._streams.update(streams)
        if len(self._streams) > _MOST_STREAMS:
            self._connection.refuse(f"more than {_MOST_STREAMS} streams")
        elif self._opening.is_private:
            for listen_key in streams:
                self._accounts.listen(listen_key, self, self._now())
                self._watch(listen_key)

    def _unsubscribe(self, names: Sequence[str]) -> None:
        for name in names:
            self._accounts.forget(name, self, self._now())  # may still push the expiry
            self._streams.pop(name, None)

    def _watch(self, listen_key: str) -> None:
        """Start the watch for the expiry of a listen key, once per key."""
        if listen_key not in self._watched:
            self._watched.add(listen_key)
            self._connection.start(self._await_expiry, listen_key)

    async def _await_expiry(self, listen_key: str) -> None:
        expiry = self._accounts.expiry(listen_key, self._now())
        while expiry is not None:
            await anyio.sleep_until(expiry)
            expiry = self._accounts.expiry(listen_key, self._now())
