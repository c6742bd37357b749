"""Running the server over streamable HTTP, on this machine only, until a signal comes."""

import logging
from typing import Final

from mcp.server.transport_security import TransportSecuritySettings
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse

from binance_mcp.errors import Problem, SettingsError
from binance_mcp.server.app import ListenKeyServer
from binance_mcp.serving import serving
from binance_mcp.signals import stop_signal
from binance_mcp.urls import is_loopback

logger = logging.getLogger(__name__)

PATH: Final = "/mcp"
_BODY_BYTES: Final = 1024 * 1024
_IDLE_SECONDS: Final = 1800.0
_SESSIONS: Final = 1000
_HOSTS: Final = ("127.0.0.1", "localhost", "[::1]")


def http_app(server: ListenKeyServer) -> Starlette:
    """Return the ASGI application: MCP at `/mcp`, and `/healthz`.

    A request must be addressed to this machine by name (Host), and one from a web page must come
    from a page of this machine (Origin): a page elsewhere cannot reach the server by DNS rebinding.
    https://modelcontextprotocol.io/specification/2026-07-28/basic/transports
    """

    @server.custom_route("/healthz", methods=["GET"])
    async def healthz(_: Request) -> JSONResponse:  # pyright: ignore[reportUnusedFunction]
        return JSONResponse({"status": "ok"})

    return server.streamable_http_app(
        streamable_http_path=PATH,
        max_request_body_size=_BODY_BYTES,
        session_idle_timeout=_IDLE_SECONDS,
        max_sessions=_SESSIONS,
        transport_security=TransportSecuritySettings(
            allowed_hosts=[pattern for host in _HOSTS for pattern in (host, f"{host}:*")],
            allowed_origins=[
                pattern for host in _HOSTS for pattern in (f"http://{host}", f"http://{host}:*")
            ],
        ),
    )


async def run_http(server: ListenKeyServer, *, host: str, port: int) -> int:
    """Serve until SIGTERM or SIGINT, and return the exit code. Open streams get 3 seconds to end.

    Raises:
        SettingsError: `host` is not this machine's loopback: callers are not authenticated.
        ServingError: The address cannot be listened on.

    """
    if not is_loopback(host):
        raise SettingsError(
            [
                Problem(
                    "BINANCE_MCP_HOST",
                    "must be 127.0.0.1, ::1 or localhost: callers are not authenticated",
                )
            ]
        )
    async with serving(http_app(server), host=host, port=port) as actual_port:
        name = f"[{host}]" if ":" in host else host
        logger.info("serving MCP at http://%s:%d%s", name, actual_port, PATH)
        return await stop_signal()
