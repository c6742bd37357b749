"""A WebSocket of httpx2 that is read until it ends, and whose pings are answered and noticed.

https://developers.binance.com/docs/derivatives/usds-margined-futures/websocket-market-streams
"""

from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NoReturn, cast

import anyio

from binance_mcp.errors import StreamEndedError
from binance_mcp.futures.binance_error import NetworkSettingsError
from binance_mcp.futures.http_client import HttpClient, is_network_error

if TYPE_CHECKING:
    from httpx2.websockets import AsyncWebSocketSession

Frame = str | bytes

_MOST_BYTES: Final = 1024 * 1024
"""Of a message. Binance's have at most some kilobytes; httpx2 would end at 64 KiB."""
_QUEUED: Final = 4096
_PING: Final = b"\x89"
"""The first byte of a ping: https://datatracker.ietf.org/doc/html/rfc6455#section-5.2"""


@dataclass(frozen=True)
class Listener:
    """Who is told what a WebSocket brings. None of these may raise or wait."""

    opened: Callable[[], None]
    received: Callable[[Frame], None]
    heard: Callable[[bool], None]
    """Called with everything that arrives, before it is read: whether it is a ping."""


async def read_web_socket(
    http: HttpClient, url: str, listener: Listener, *, opening_seconds: float
) -> NoReturn:
    """Open a WebSocket and read it until it ends.

    Raises:
        StreamEndedError: It could not be opened, or has ended. The text says why, without the URL.

    """
    with _saying_why():
        async with _session(http, url, listener, opening_seconds) as session:
            await _read(session, listener)
    raise AssertionError("unreachable")  # pragma: no cover  # a block may swallow, says its type


async def ping_web_socket(
    http: HttpClient, url: str, listener: Listener, *, seconds: float
) -> float | None:
    """Open a WebSocket, ping it, and read it for some seconds.

    Return how many seconds the answer to the ping took; None if there was none.

    Raises:
        StreamEndedError: It could not be opened, or has ended. The text says why, without the URL.

    """
    took = None

    async def ping(session: "AsyncWebSocketSession") -> None:
        nonlocal took
        sent = anyio.current_time()
        pong = await session.ping()
        await pong.wait()
        took = anyio.current_time() - sent

    with _saying_why():
        async with _session(http, url, listener, seconds) as session:
            with anyio.move_on_after(seconds):
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(ping, session)
                    await _read(session, listener)
    return took


async def _read(session: "AsyncWebSocketSession", listener: Listener) -> NoReturn:
    while True:
        message: Any = await session.receive()  # wsproto's, of which the type says nothing
        listener.received(message.data)


@contextmanager
def _saying_why() -> Generator[None]:
    try:
        yield
    except Exception as error:
        if (reason := _reason(error)) is None:
            raise
        raise StreamEndedError(reason) from None


@asynccontextmanager
async def _session(
    http: HttpClient, url: str, listener: Listener, opening_seconds: float
) -> AsyncGenerator["AsyncWebSocketSession"]:
    from httpx2.websockets import (  # noqa: PLC0415  # not at the start, which it would delay
        AsyncWebSocketClient,
        AsyncWebSocketSession,
    )

    class Session(AsyncWebSocketSession):
        """A session that notices what arrives: httpx2 answers pings without telling anybody."""

        def __init__(self, stream: Any, **options: Any) -> None:  # noqa: ANN401  # httpcore2's
            super().__init__(stream, **options)
            read = stream.read

            async def noticed(*arguments: Any) -> bytes:  # noqa: ANN401
                data: bytes = await read(*arguments)
                if data:
                    listener.heard(data[:1] == _PING)
                return data

            stream.read = noticed

    client = AsyncWebSocketClient(
        http(),
        max_message_size_bytes=_MOST_BYTES,
        queue_size=_QUEUED,
        keepalive_ping_interval_seconds=None,
        session_class=Session,
    )
    with anyio.fail_after(opening_seconds) as opening:
        async with client.connect(url) as session:
            opening.deadline = float("inf")
            listener.opened()
            yield session


def _reason(error: Exception) -> str | None:
    """Return why a WebSocket ended; None if it is a bug."""
    if isinstance(error, ExceptionGroup):
        group = cast("ExceptionGroup[Exception]", error)
        reasons = [_reason(each) for each in group.exceptions]
        return None if None in reasons else reasons[0]
    return next((why(error) for kinds, why in _reasons() if isinstance(error, kinds)), None) or (
        f"no connection ({type(error).__name__})" if is_network_error(error) else None
    )


def _reasons() -> Sequence[tuple[tuple[type[Exception], ...], Callable[[Any], str]]]:
    """Return what each kind of error says."""
    from httpx2.websockets import (  # noqa: PLC0415
        HTTPXWSException,
        WebSocketDisconnect,
        WebSocketUpgradeError,
    )
    from wsproto.utilities import ProtocolError  # noqa: PLC0415

    broken = HTTPXWSException, ProtocolError, anyio.EndOfStream, anyio.ClosedResourceError
    return (
        ((NetworkSettingsError,), str),
        ((TimeoutError,), lambda _: "it did not open in time"),
        (
            (WebSocketUpgradeError,),
            lambda error: f"the server answered {error.response.status_code} instead of opening it",
        ),
        ((WebSocketDisconnect,), lambda error: f"it was closed with code {error.code}"),
        (broken, lambda _: "the connection broke"),
    )
