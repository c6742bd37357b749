"""Who is calling: the principal, and the session, which limits are counted for.

A principal is the process over stdio, and the peer's address over HTTP, where all addresses of this
machine are one: any program here can call from 16 million of them. A session is the one
that the SDK opened, in the protocol revisions that have sessions; the revision 2026-07-28 has
none, so there the principal stands for it. What a client says of itself is never believed.
https://modelcontextprotocol.io/specification/2026-07-28/basic/transports
"""

from typing import Any, Final

from mcp.server.mcpserver import Context
from mcp.types.version import HANDSHAKE_PROTOCOL_VERSIONS
from starlette.requests import Request

from binance_mcp.policy.call import Caller
from binance_mcp.urls import is_loopback

SESSION_HEADER: Final = "mcp-session-id"
_PROCESS: Final = Caller(grant="process", session="process")


def caller_of(context: Context[Any, Any]) -> Caller:
    """Return who makes the call that `context` belongs to."""
    request = http_request(context)
    if request is None:
        return _PROCESS
    principal = f"address:{_address(request)}"
    # In these revisions a session's header has passed the SDK, which knows the ids it gave out.
    if has_handshake(context):
        return Caller(principal, f"{principal}/session:{request.headers.get(SESSION_HEADER)}")
    return Caller(principal, principal)


def _address(request: Request) -> str:
    address = request.client.host if request.client else "unknown"
    return "loopback" if is_loopback(address.removeprefix("::ffff:")) else address


def http_request(context: Context[Any, Any]) -> Request | None:
    """Return the HTTP request that brought the call; None over stdio."""
    request: Request | None = context.request_context.request
    return request if isinstance(request, Request) else None


def has_handshake(context: Context[Any, Any]) -> bool:
    """Return whether the client speaks a revision with a handshake: one before 2026-07-28."""
    return context.protocol_version in HANDSHAKE_PROTOCOL_VERSIONS
