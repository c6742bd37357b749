"""The log of requests, without secrets."""

import re
from collections import deque
from typing import Final
from urllib.parse import unquote_plus

from binance_mcp.sandbox.http_messages import Request
from binance_mcp.sandbox.wire_model import WireModel

_REMEMBERED: Final = 10_000
_LONGEST: Final = 2_000
"""Characters of a path, query or body that are kept."""
_SECRETS: Final = ("apiKey", "listenKey", "signature")
_SHOWN: Final = 4
_SHORTEST_SHOWN: Final = 12
_IN_PATH: Final = re.compile(r"(?<=/ws/)(.+)")
_IN_JSON: Final = re.compile(rf'(?<=")((?:{"|".join(_SECRETS)})"\s*:\s*")((?:[^"\\]|\\.)*)')


class RecordedRequest(WireModel):
    """A request with its secrets masked."""

    method: str
    path: str
    query: str
    body: str
    headers: tuple[str, ...]
    """The names of the headers, in lower case."""
    status: int | None
    """101 for a WebSocket; None if there was no answer."""


class RequestLog:
    """The last requests, newest last."""

    def __init__(self) -> None:
        self._requests: deque[RecordedRequest] = deque(maxlen=_REMEMBERED)

    @property
    def requests(self) -> tuple[RecordedRequest, ...]:
        """The requests in the log."""
        return tuple(self._requests)

    def add(self, request: Request, status: int | None) -> None:
        """Add a request, its secrets masked."""
        path = _IN_PATH.sub(lambda found: _masked(found[1]), request.path)
        body = _form_masked(request.body.decode(errors="replace"))
        recorded = RecordedRequest(
            method=request.method,
            path=_shortened(path),
            query=_shortened(_form_masked(request.query)),
            body=_shortened(_IN_JSON.sub(lambda found: found[1] + _masked(found[2]), body)),
            headers=tuple(request.headers.keys()),
            status=status,
        )
        self._requests.append(recorded)

    def clear(self) -> None:
        """Forget every request."""
        self._requests.clear()


def _form_masked(text: str) -> str:
    return "&".join(map(_field_masked, text.split("&")))


def _field_masked(text: str) -> str:
    name, equals, value = text.partition("=")
    return f"{name}={_masked(value)}" if equals and unquote_plus(name) in _SECRETS else text


def _masked(secret: str) -> str:
    return f"{secret[:_SHOWN]}…" if len(secret) >= _SHORTEST_SHOWN else "*"


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
