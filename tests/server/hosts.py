"""A host that writes JSON-RPC itself, and the process that it starts."""

import json
import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from threading import Timer
from typing import IO, Any, Final

META: Final = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
}
INITIALIZE: Final = {
    "protocolVersion": "2025-11-25",
    "capabilities": {},
    "clientInfo": {"name": "test", "version": "1"},
}
OURS: Final = ("-m", "binance_mcp")


class Host:
    """A host that writes JSON-RPC itself."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self._id = 0

    def write(self, text: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(text)
        self.process.stdin.flush()

    def send(self, message: dict[str, Any]) -> None:
        self.write(json.dumps({"jsonrpc": "2.0"} | message) + "\n")

    def answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline())

    def request(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        self._id += 1
        self.send({"id": self._id, "method": method, "params": params})
        answer = self.answer()
        assert answer["id"] == self._id
        return answer

    def initialize(self) -> dict[str, Any]:
        answer = self.request("initialize", INITIALIZE)
        self.send({"method": "notifications/initialized"})
        return answer["result"]

    def leave(self) -> list[dict[str, Any]]:
        """Close the input, and return what is still answered; the process has ended well."""
        out, self.log = self.process.communicate(timeout=20)
        assert self.process.returncode == 0
        return [json.loads(line) for line in out.splitlines()]

    def wait(self) -> tuple[int, str]:
        """Return the exit code and the log of a process that ends with the input still open."""
        assert self.process.stderr is not None
        code = self.process.wait(timeout=20)
        return code, self.process.stderr.read()


@contextmanager
def running(
    *arguments: str, stdout: int | IO[Any] = subprocess.PIPE, stdin: int | IO[Any] = subprocess.PIPE
) -> Generator[Host]:
    """Run the server, or another program that Python is given, while the block lasts."""
    with subprocess.Popen(
        [sys.executable, *(arguments or OURS)],
        env={**os.environ, "BINANCE_ENVIRONMENT": "sandbox"},
        stdin=stdin,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        deadline = Timer(60, process.kill)
        deadline.start()
        try:
            yield Host(process)
        finally:
            deadline.cancel()
            process.kill()
