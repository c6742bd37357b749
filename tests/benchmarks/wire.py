"""A client that does as little as possible, so that what is measured is the server.

It speaks the last protocol revision with a handshake, and the first one without.
https://modelcontextprotocol.io/specification/2026-07-28/basic/transports
"""

import json
from collections.abc import Callable
from itertools import count
from subprocess import Popen
from typing import Any, Final, TypeAlias

import httpx2 as httpx

HANDSHAKE: Final = "2025-11-25"
MODERN: Final = "2026-07-28"
_CLIENT: Final = {"name": "benchmark", "version": "1"}
_META: Final = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": _CLIENT,
}

Message: TypeAlias = dict[str, Any]
Send: TypeAlias = Callable[[Message], Message]
"""Returns the answer to a request, and nothing of use to a notification."""


class Wire:
    """A connection to a server, in one protocol revision."""

    def __init__(self, revision: str, send: Send) -> None:
        self._meta = {"_meta": _META} if revision == MODERN else {}
        self._send = send
        self._ids = count()
        if revision == HANDSHAKE:
            hello = {"protocolVersion": revision, "capabilities": {}, "clientInfo": _CLIENT}
            self.request("initialize", hello)
            send({"jsonrpc": "2.0", "method": "notifications/initialized", "params": {}})

    def request(self, method: str, params: Message) -> None:
        """Wait for the answer to a request.

        Raises:
            RuntimeError: It is an error, or says that a tool failed.

        """
        head = {"jsonrpc": "2.0", "id": next(self._ids), "method": method}
        answer = self._send(head | {"params": params | self._meta})
        if answer.get("result", {"isError": True}).get("isError"):
            raise RuntimeError(f"{method} failed: {answer}")


def over_stdio(process: Popen[bytes]) -> Send:
    """Send lines through the pipes of a process."""
    stdin, stdout = process.stdin, process.stdout
    assert stdin
    assert stdout

    def send(message: Message) -> Message:
        stdin.write(json.dumps(message).encode() + b"\n")
        stdin.flush()
        return json.loads(stdout.readline()) if "id" in message else {}

    return send


def over_http(http: httpx.Client) -> Send:
    """Post to one address, over one connection that is kept open."""

    def send(message: Message) -> Message:
        params = message["params"]
        headers = {
            "Accept": "application/json, text/event-stream",
            "MCP-Protocol-Version": MODERN if "_meta" in params else HANDSHAKE,
            "Mcp-Method": message["method"],
            "Mcp-Name": params.get("name", ""),
        }
        response = http.post("/mcp", json=message, headers=headers).raise_for_status()
        if session := response.headers.get("Mcp-Session-Id"):
            http.headers["Mcp-Session-Id"] = session
        events = (line.removeprefix("data: ") for line in response.text.splitlines())
        objects = [event for event in events if event.startswith("{")]
        return json.loads(objects[-1]) if "id" in message else {}

    return send
