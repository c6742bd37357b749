"""The sandbox as an ASGI app: it assembles the other modules, reads requests and sends answers.

In process it runs under `httpx2.websockets.ASGIWebSocketTransport`; over TCP under uvicorn, where
`AbortableH11Protocol` lets it break connections.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal

import anyio
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from binance_mcp.clock import WallClock, wall_clock
from binance_mcp.sandbox import ws_api
from binance_mcp.sandbox.accounts import Accounts, Event, new_key
from binance_mcp.sandbox.authentication import verifier
from binance_mcp.sandbox.control import Control
from binance_mcp.sandbox.event_log import EventLog, RecordedEvent
from binance_mcp.sandbox.faults import Fault, Faults, Outcome
from binance_mcp.sandbox.http_messages import (
    Answer,
    RefusedError,
    Request,
    find_handler,
)
from binance_mcp.sandbox.moment import Moment
from binance_mcp.sandbox.open_streams import OpenStreams
from binance_mcp.sandbox.request_log import RecordedRequest, RequestLog
from binance_mcp.sandbox.rest import Rest
from binance_mcp.sandbox.restrictions import Restrictions
from binance_mcp.sandbox.stream_faults import StreamFault
from binance_mcp.sandbox.streams import StreamSocket, opening
from binance_mcp.sandbox.trading.ledger import Ledger, Ledgers
from binance_mcp.sandbox.unanswered import leave_unanswered
from binance_mcp.sandbox.websocket import PING_SECONDS, Connection

_LONGEST_BODY: Final = 64 * 1024
_TOO_LONG: Final = Answer(413, {"error": f"the body is longer than {_LONGEST_BODY} bytes"})
_CONTROL: Final = "/sandbox/"
_REST: Final = ("/fapi/", "/sapi/")
ANSWER_SECONDS: Final = 0.05
"""The default duration of an answer."""


@dataclass(frozen=True)
class AccountKeys:
    """The keys of an account."""

    api_key: str = field(repr=False)
    api_secret: str = field(repr=False)


class Sandbox:
    """An emulator of Binance USD-M Futures: listen keys, their events, and what an account traded.

    Listen keys expire by `steady_clock`; timestamps, minutes and bans use `wall_clock`. An answer
    takes `answer_seconds`, and the request takes effect halfway: after it was sent and before it is
    answered, as over a network. WebSockets get a ping every `ping_seconds` if the server can ping.
    """

    def __init__(
        self,
        *,
        listen_key_seconds: float = 3600.0,
        answer_seconds: float = ANSWER_SECONDS,
        ping_seconds: float = PING_SECONDS,
        wall_clock: WallClock = wall_clock,
        steady_clock: Callable[[], float] = anyio.current_time,
    ) -> None:
        self._wall_clock = wall_clock
        self._steady_clock = steady_clock
        self._way_seconds = answer_seconds / 2
        self._ping_seconds = ping_seconds
        self._open_streams = OpenStreams(self._now)
        self._events = EventLog()
        self._accounts = Accounts(
            listen_key_seconds, self._events, self._open_streams.withholds_event
        )
        self._faults = Faults()
        self._log = RequestLog()
        self._ledgers = Ledgers(self._accounts, self._now)
        self._rest = Rest(self._accounts, self._faults, self._ledgers)
        self._ws_api = ws_api.WebSocketApi(self._accounts, self._now, self._way_seconds)
        self._control = Control(
            self._accounts,
            self._faults,
            self._open_streams,
            self._log,
            self._events,
            ledgers=self._ledgers,
        )
        self._protocols: dict[str, ASGIApp] = {
            "http": self._answer,
            "websocket": self._converse,
            "lifespan": _live,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one HTTP request, one WebSocket, or the server's lifespan."""
        await self._protocols[scope["type"]](scope, receive, send)

    def add_account(
        self,
        api_key: str,
        *,
        api_secret: str | None = None,
        public_key: str | None = None,
        restrictions: Restrictions | None = None,
    ) -> None:
        """Add an account; its secret or public key (PEM) checks its signatures.

        Raises:
            ValueError: Both are given, or one of the three is invalid.

        """
        self._accounts.add_account(api_key, verifier(api_secret, public_key), restrictions)

    def new_account(self) -> AccountKeys:
        """Add an account with new keys in the format of Binance's, and return them."""
        keys = AccountKeys(new_key(), new_key())
        self.add_account(keys.api_key, api_secret=keys.api_secret)
        return keys

    def arm(  # noqa: PLR0913  # a fault's own
        self,
        fault: str,
        *,
        times: int = 1,
        after: int | None = None,
        method: Literal["GET", "POST", "PUT", "DELETE"] | None = None,
        path: str | None = None,
        retry_after: int | None = None,
    ) -> None:
        """Make the next requests to /fapi, of `method` and to `path` if given, fail in a known way.

        The first `after` of them pass.

        Raises:
            ValueError: The fault is unknown, or too many are armed.

        """
        armed = Fault(
            fault=fault,
            times=times,
            after=after,
            method=method,
            path=path,
            retry_after=retry_after,
        )
        self._faults.arm(armed)

    def ledger(self, api_key: str | None = None) -> Ledger:
        """Return the ledger of an account, which changes what it traded and has.

        Raises:
            ValueError: The account is unknown, or none is named and there is not exactly one.

        """
        return self._ledgers.of(self._accounts.find(api_key))

    def push(self, event: Event, *, api_key: str | None = None) -> int:
        """Push an event to an account's WebSockets; return how many accepted it.

        Raises:
            ValueError: The account is unknown, or none is named and there is not exactly one.

        """
        return self._control.push(event, api_key, self._now())

    def arm_stream_fault(self, fault: StreamFault) -> None:
        """Let a fault of streams strike those that are open, and those opened while it lasts.

        Raises:
            ValueError: Too many are armed.

        """
        self._control.arm_stream_fault(fault, self._now())

    def clear_faults(self) -> None:
        """Disarm every fault."""
        self._faults.clear()
        self._open_streams.clear()

    def drop_streams(self) -> int:
        """Break the connections of all streams, as a network does; return how many."""
        return self._open_streams.drop()

    def events(self, *, after: int = 0) -> Sequence[RecordedEvent]:
        """Return the last 100,000 events, oldest first: those with a higher sequence than `after`.

        They were published, whoever received them.
        """
        return self._events.after(after)

    @property
    def requests(self) -> tuple[RecordedRequest, ...]:
        """The last requests, newest last, secrets masked, except those to /sandbox."""
        return self._log.requests

    def _now(self) -> Moment:
        return Moment(self._steady_clock(), self._wall_clock())

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request.of(scope)
        way_seconds = 0.0 if request.path.startswith(_CONTROL) else self._way_seconds
        try:
            request = replace(request, body=await _read_body(receive))
            await anyio.sleep(way_seconds)
            outcome = self._outcome(request)
        except RefusedError as error:
            outcome = error.answer
        except ClientDisconnect:
            return
        status = outcome.status if isinstance(outcome, Answer) else None
        if not request.path.startswith(_CONTROL):
            self._log.add(request, status)
        if isinstance(outcome, Answer):
            await anyio.sleep(way_seconds)
            await _response(outcome)(scope, receive, send)
        else:
            await leave_unanswered(outcome, scope, receive)

    def _outcome(self, request: Request) -> Outcome:
        if request.path.startswith(_REST):
            return self._rest.outcome(request, self._now())
        if request.path.startswith(_CONTROL):
            return self._control.answer(request, self._now())
        return find_handler({}, request)(request, self._now())

    async def _converse(self, scope: Scope, receive: Receive, send: Send) -> None:
        request, websocket = Request.of(scope), WebSocket(scope, receive, send)
        asked = opening(request)
        if asked is None and request.path != ws_api.PATH:
            self._log.add(request, 403)
            await websocket.close()
            return
        self._log.add(request, 101)
        if asked is None:
            connection = Connection(websocket, ping_seconds=self._ping_seconds)
            await self._ws_api.run(connection, request.peer)
            return
        streams = self._open_streams
        connection = Connection(
            websocket, ping_seconds=self._ping_seconds, is_silent=streams.is_silent
        )
        await StreamSocket(connection, asked, self._accounts, streams, self._now).run()


async def _read_body(receive: Receive) -> bytes:
    """Read a body to its end, and keep no more of it than is allowed."""
    body, is_more = bytearray(), True
    while is_more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        if len(body) <= _LONGEST_BODY:
            body += message.get("body", b"")
        is_more = message.get("more_body", False)
    if len(body) > _LONGEST_BODY:
        raise RefusedError(_TOO_LONG)
    return bytes(body)


def _response(answer: Answer) -> Response:
    return Response(answer.body, answer.status, answer.headers, answer.media_type)


async def _live(_scope: Scope, receive: Receive, send: Send) -> None:
    """Take part in the server's lifespan, which needs nothing."""
    for phase in ("startup", "shutdown"):
        await receive()
        await send({"type": f"lifespan.{phase}.complete"})
