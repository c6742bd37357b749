"""A host: it starts a server, reads with a cursor, and starts the next one when it has ended."""

import math
import os
import random
import signal
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TextIO

import anyio
from mcp import Client, MCPError, StdioServerParameters
from mcp.client.stdio import stdio_client

from tests.server.connections import CREATE, READ, SNAPSHOT, succeeded
from tests.simulation.trading.told import Told

_SERVER: Final = (
    "import os, pathlib, runpy, sys; pathlib.Path(sys.argv.pop(1)).write_text(str(os.getpid())); "
    "runpy.run_module('binance_mcp', run_name='__main__')"
)
"""Writes the number of its process to a file before it is the server."""
_ENDS: Final = ("stopped", "killed", "killed right after an answer")
_KILL: Final = getattr(signal, "SIGKILL", signal.SIGTERM)
"""Windows has only one signal that ends a process, and it can do nothing about it, either."""
_WAIT_SECONDS: Final = 1
_BUDGET_SECONDS: Final = 150
"""In which the weight that reads may use is available again."""


@dataclass
class Host:
    """What it was told, and where it goes on."""

    variables: Mapping[str, str]
    directory: Path
    log: TextIO
    rng: random.Random
    told: Told = field(default_factory=Told)
    ends: Counter[str] = field(default_factory=Counter[str])
    """How servers ended."""
    account: dict[str, Any] = field(default_factory=dict[str, Any])
    """As it was shown at the end."""
    _cursor: str = "oldest"

    async def run(self, seconds: float, life: tuple[float, float]) -> None:
        """Let one server after the other run for so long, each between two times."""
        until = anyio.current_time() + seconds
        while (now := anyio.current_time()) < until:
            await self._live(min(now + self.rng.uniform(*life), until), self.rng.choice(_ENDS))

    async def finish(self, is_enough: Callable[[], Awaitable[bool]], patience: float) -> None:
        """Read with a last server until it is enough and nothing more comes; see the account."""
        async with self._client() as client:
            succeeded(await client.call_tool(CREATE, {}))
            with anyio.move_on_after(patience):
                while await self._read(client) or not await is_enough():
                    pass
            self.account = await self._account(client)

    async def _account(self, client: Client) -> dict[str, Any]:
        """Return the account, as soon as the weight that reads may use is enough for it."""
        with anyio.fail_after(_BUDGET_SECONDS):
            while True:
                result = await client.call_tool(SNAPSHOT, {})
                if not result.is_error:
                    return succeeded(result)
                await anyio.sleep(_WAIT_SECONDS)

    async def _live(self, until: float, end: str) -> None:
        self.ends[end] += 1
        try:
            async with self._client() as client, anyio.create_task_group() as tasks:
                if end == "killed":  # whatever it is doing
                    tasks.start_soon(self._kill_at, until)
                    until = math.inf
                await self._use(client, until)
                if end == "killed right after an answer":
                    self._kill()
        except* MCPError:
            if end == "stopped":
                raise

    async def _use(self, client: Client, until: float) -> None:
        succeeded(await client.call_tool(CREATE, {}))
        while anyio.current_time() < until:
            await self._read(client)

    async def _read(self, client: Client) -> bool:
        """Read, and return whether there was an event."""
        arguments = {"cursor": self._cursor, "detail": True, "waitSeconds": _WAIT_SECONDS}
        answer = succeeded(await client.call_tool(READ, arguments))
        self.told.add(answer)
        self._cursor = answer["nextCursor"]
        return bool(answer["events"])

    def _client(self) -> Client:
        server = StdioServerParameters(
            command=sys.executable,
            args=["-c", _SERVER, str(self._process)],
            env={**os.environ, **self.variables},
        )
        return Client(stdio_client(server, errlog=self.log))

    async def _kill_at(self, at: float) -> None:
        await anyio.sleep_until(at)
        self._kill()

    def _kill(self) -> None:
        os.kill(int(self._process.read_text("utf-8")), _KILL)

    @property
    def _process(self) -> Path:
        return self.directory / "process"
