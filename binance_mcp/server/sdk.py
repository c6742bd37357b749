"""What this server needs of the SDK and the SDK keeps private: every such touch, with its reason.

As of mcp 2.3: https://github.com/modelcontextprotocol/python-sdk/tree/main/src/mcp/server
"""

# ruff: noqa: SLF001
# pyright: reportPrivateUsage=false

from collections.abc import Mapping
from functools import partial
from typing import Any

from mcp.server.connection import Connection
from mcp.server.lowlevel import NotificationOptions, Server
from mcp.server.session import ServerSession
from mcp.server.streamable_http import StreamableHTTPServerTransport
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager


def announce_tool_changes(server: Server[Any]) -> None:
    """Say in the handshake that the list of tools may change.

    `MCPServer` builds the initialization options itself, without this one, wherever it serves.
    """
    server.create_initialization_options = partial(  # pyright: ignore[reportAttributeAccessIssue]
        server.create_initialization_options, NotificationOptions(tools_changed=True)
    )


def connection_of(session: ServerSession) -> Connection:
    """Return the connection of a session.

    A session lasts as long as one request; only its connection, which is private, lasts as long as
    the client is there to be notified.
    """
    return session._connection


def open_sessions(
    manager: StreamableHTTPSessionManager,
) -> Mapping[str, StreamableHTTPServerTransport]:
    """Return the open sessions by id: the manager has no public list of them."""
    return manager._server_instances


def allow_idle(session: StreamableHTTPServerTransport, seconds: float) -> None:
    """Let one session be idle for so long: the manager has one time for all of them."""
    session._idle_timeout = seconds


async def close_session(
    manager: StreamableHTTPSessionManager, name: str, session: StreamableHTTPServerTransport
) -> None:
    """Close a session: the manager itself refuses new ones when it is full, and closes none."""
    await manager._discard_session(name, session)
