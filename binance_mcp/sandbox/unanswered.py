"""What can become of a request other than an answer, and how that comes about."""

from enum import Enum
from typing import Final

from starlette.types import Receive, Scope

ABORT: Final = "binance_mcp.abort"
"""The ASGI extension of a server that can: a function that breaks the connection at once."""


class Unanswered(Enum):
    """A request that is not answered."""

    TIMEOUT = "timeout"
    """No answer ever comes."""
    RESET = "reset"
    """The connection breaks."""


async def leave_unanswered(unanswered: Unanswered, scope: Scope, receive: Receive) -> None:
    """Leave a request, read to its end, without an answer, until the client is gone.

    Raises:
        ConnectionResetError: The server offers no way to break the connection; in process, this
            is what the client gets.

    """
    if unanswered is Unanswered.RESET:
        if ABORT not in scope.get("extensions", ()):
            raise ConnectionResetError("the sandbox was told to break the connection")
        scope["extensions"][ABORT]()
    while (await receive())["type"] != "http.disconnect":
        pass
