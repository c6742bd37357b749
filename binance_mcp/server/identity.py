"""Who is calling: the principal and the session that limits are counted for, and the client.

The principal is the process over stdio, and the peer's address over HTTP. All loopback addresses
are one principal, because any program on this machine can call from 16 million of them. The session
is that of the SDK; revision 2026-07-28 has none, so the principal is used instead. Nothing that a
client says about itself is trusted.

Limits must not be evaded by calling from several connections, but each client must be told of a
replaced listen key: without sessions, clients are told apart by their connections, and by the names
that they give themselves, on which nothing else depends.
https://modelcontextprotocol.io/specification/2026-07-28/basic/transports
"""

from dataclasses import dataclass
from typing import Any, Final

from mcp.server.mcpserver import Context
from mcp.types.version import HANDSHAKE_PROTOCOL_VERSIONS
from starlette.requests import Request

from binance_mcp.connection import Connection, connection_of
from binance_mcp.policy.call import Caller
from binance_mcp.urls import is_loopback

SESSION_HEADER: Final = "mcp-session-id"
_PROCESS: Final = Caller(grant="process", session="process")


@dataclass(frozen=True)
class Client:
    """A client, as far as it can be told apart from others of its principal."""

    principal: str
    name: str
    """What it calls itself; empty if it has a session."""
    via: str | Connection
    """The session that it calls through; without sessions, the connection."""


def caller_of(context: Context[Any, Any]) -> Caller:
    """Return who makes the call that `context` belongs to."""
    request = http_request(context)
    if request is None:
        return _PROCESS
    principal = f"address:{_address(request)}"
    # In these revisions the SDK has checked the header against the ids that it issued.
    if has_handshake(context):
        return Caller(principal, f"{principal}/session:{request.headers.get(SESSION_HEADER)}")
    return Caller(principal, principal)


def client_of(context: Context[Any, Any]) -> Client:
    """Return the client that makes the call that `context` belongs to."""
    caller, request = caller_of(context), http_request(context)
    connection = connection_of(request.scope) if request and not has_handshake(context) else None
    if connection is None:
        return Client(caller.grant, "", caller.session)
    params = context.request_context.session.client_params
    return Client(caller.grant, params.client_info.name if params else "", connection)


def _address(request: Request) -> str:
    address = request.client.host if request.client else "unknown"
    return "loopback" if is_loopback(address.removeprefix("::ffff:")) else address


def http_request(context: Context[Any, Any]) -> Request | None:
    """Return the HTTP request that brought the call; None over stdio."""
    request: Request | None = context.request_context.request
    return request if isinstance(request, Request) else None


def has_handshake(context: Context[Any, Any]) -> bool:
    """Return whether the client uses a protocol revision with a handshake, before 2026-07-28."""
    return context.protocol_version in HANDSHAKE_PROTOCOL_VERSIONS
