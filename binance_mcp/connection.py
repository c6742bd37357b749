"""The connection that a request came on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

CONNECTION: Final = "connection"
"""Its name in the state of an ASGI scope: https://asgi.readthedocs.io/en/latest/specs/lifespan.html"""


@dataclass(eq=False)
class Connection:
    """A client's connection: requests on the same one have the same client."""

    is_open: bool = True


def connection_of(scope: Mapping[str, Any]) -> Connection | None:
    """Return the connection of an ASGI request; None if the server does not say."""
    found = scope.get("state", {}).get(CONNECTION)
    return found if isinstance(found, Connection) else None
