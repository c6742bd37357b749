"""HTTP requests, answers and routes as values. Nothing here reads or sends."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Self

from starlette.datastructures import Headers
from starlette.types import Scope

from binance_mcp.sandbox.moment import Moment

JSON: Final = "application/json"


def compact_json(value: object) -> str:
    """Return JSON as Binance writes it, without blanks.

    Raises:
        ValueError: There is a number that JSON does not have.

    """
    return json.dumps(value, allow_nan=False, separators=(",", ":"))


@dataclass(frozen=True, repr=False)
class Request:
    """A request, or the handshake of a WebSocket. Query and body are as they were sent."""

    method: str
    path: str
    query: str
    headers: Headers
    peer: str
    """IP address of the client; empty if not known."""
    body: bytes = b""

    @classmethod
    def of(cls, scope: Scope) -> Self:
        """Return the request that an ASGI server describes, without its body."""
        return cls(
            method=scope.get("method", "GET"),
            path=scope["path"],
            query=scope["query_string"].decode(errors="replace"),
            headers=Headers(scope=scope),
            peer=(scope.get("client") or ("", 0))[0],
        )


@dataclass(frozen=True, repr=False)
class Answer:
    """A status with a JSON object, an array of them, or any text."""

    status: int
    content: Mapping[str, object] | Sequence[Mapping[str, object]] | str
    media_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def body(self) -> bytes:
        """The content as it is sent."""
        text = self.content if isinstance(self.content, str) else compact_json(self.content)
        return text.encode()

    def with_header(self, name: str, value: object) -> Self:
        """Return this answer with one more header."""
        return replace(self, headers={**self.headers, name: str(value)})


class RefusedError(Exception):
    """A request is refused; it leaves the sandbox as its answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.content)
        self.answer = answer


Handler = Callable[[Request, Moment], Answer]
Routes = Mapping[str, Mapping[str, Handler]]
"""By path, then by method."""


def find_handler(routes: Routes, request: Request) -> Handler:
    """Return the handler of `request`.

    Raises:
        RefusedError: 404 for an unknown path, 405 for a method that the path does not have.

    """
    methods = routes.get(request.path, {})
    if handler := methods.get(request.method):
        return handler
    message = f"Path {request.path}, Method {request.method} is invalid"
    refusal = Answer(405 if methods else 404, {"code": -5000, "msg": message})
    raise RefusedError(refusal.with_header("Allow", ", ".join(methods)) if methods else refusal)
