"""Requests that get no answer: a timeout, or a broken connection."""

from enum import Enum
from typing import Final

from starlette.types import Receive, Scope

ABORT: Final = "binance_mcp.abort"
"""An ASGI extension: a function that breaks the connection at once."""


class Unanswered(Enum):
    """How a request gets no answer."""

    TIMEOUT = "timeout"
    """No answer ever comes."""
    RESET = "reset"
    """The connection breaks."""


async def leave_unanswered(unanswered: Unanswered, scope: Scope, receive: Receive) -> None:
    """Read a request to its end and do not answer it, until the client is gone.

    Raises:
        ConnectionResetError: The server offers no way to break the connection; in process, this
            is what the client gets.

    """
    if unanswered is Unanswered.RESET:
        break_connection(scope)
    while (await receive())["type"] != "http.disconnect":
        pass


def break_connection(scope: Scope) -> None:
    """Break a connection at once.

    Raises:
        ConnectionResetError: The server offers no way to do so.

    """
    if ABORT not in scope.get("extensions", ()):
        raise ConnectionResetError("the sandbox was told to break the connection")
    scope["extensions"][ABORT]()
