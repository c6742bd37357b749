"""Running the server over streamable HTTP, on this machine only, until a signal comes."""

import logging
from contextlib import aclosing, suppress
from typing import Final

from mcp.server.transport_security import TransportSecuritySettings
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from binance_mcp.asgi_server import serving
from binance_mcp.errors import Problem, SettingsError
from binance_mcp.server.app import ListenKeyServer
from binance_mcp.server.http_sessions import MOST, SPARE, UNUSED_SECONDS, Sessions
from binance_mcp.signals import stop_signals
from binance_mcp.urls import is_loopback

logger = logging.getLogger(__name__)

PATH: Final = "/mcp"
_BODY_BYTES: Final = 1024 * 1024
_HOSTS: Final = ("127.0.0.1", "localhost", "[::1]")


def http_app(server: ListenKeyServer, *, host: str = _HOSTS[0]) -> Starlette:
    """Return the ASGI application: MCP at `/mcp`, and `/healthz`.

    The Host header must name this machine or `host`, and so must the Origin of a web page: no other
    page can reach the server, not even by DNS rebinding.
    https://modelcontextprotocol.io/specification/2026-07-28/basic/transports
    """

    @server.custom_route("/healthz", methods=["GET"])
    async def healthz(_: Request) -> JSONResponse:  # pyright: ignore[reportUnusedFunction]
        return JSONResponse(server.health)

    names = {*_HOSTS, _in_url(host)}
    app = server.streamable_http_app(
        streamable_http_path=PATH,
        max_request_body_size=_BODY_BYTES,
        session_idle_timeout=UNUSED_SECONDS,
        max_sessions=MOST + SPARE,
        transport_security=TransportSecuritySettings(
            allowed_hosts=[pattern for name in names for pattern in (name, f"{name}:*")],
            allowed_origins=[
                pattern for name in names for pattern in (f"http://{name}", f"http://{name}:*")
            ],
        ),
    )
    sessions = Sessions(server.session_manager)
    server.lowlevel.middleware.append(sessions.note_use)
    app.add_middleware(sessions.making_room)
    app.add_middleware(_ignoring_disconnects)
    logging.getLogger("mcp.server.streamable_http").addFilter(_is_no_disconnect)
    return app


def _is_no_disconnect(record: logging.LogRecord) -> bool:
    """Return whether a record is about something else than a disconnect, which is no error."""
    return not (record.exc_info and isinstance(record.exc_info[1], ClientDisconnect))


def _ignoring_disconnects(app: ASGIApp) -> ASGIApp:
    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        with suppress(ClientDisconnect):  # in the middle of its request: nobody is left to answer
            await app(scope, receive, send)

    return serve


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


async def run_http(server: ListenKeyServer, *, host: str, port: int) -> int:
    """Serve until a stop signal, and return the exit code.

    Requests under way get 2 seconds to finish; open streams are ended.

    Raises:
        SettingsError: `host` is not this machine's loopback: callers are not authenticated.
        ServingError: The address cannot be listened on.

    """
    if not is_loopback(host):
        raise SettingsError(
            [
                Problem(
                    "BINANCE_MCP_HOST",
                    "must be of this machine, like 127.0.0.1 or ::1: callers are not authenticated",
                )
            ]
        )
    async with aclosing(stop_signals()) as signals:  # a second one must not interrupt the stop
        async with serving(http_app(server, host=host), host=host, port=port) as actual_port:
            logger.info("serving MCP at http://%s:%d%s", _in_url(host), actual_port, PATH)
            code = await anext(signals)
            server.end_waiting()
        return code
