"""A reader of the account's events that goes on after each answer, and notes what it is told."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import anyio
from mcp import Client

from binance_mcp.clock import wall_clock
from tests.server.connections import CREATE, READ, STATUS, succeeded, text
from tests.simulation.stream.comparison import Told

PATIENCE: Final = 30
"""Seconds that anything may take on a busy machine."""
_LOOK_AGAIN_SECONDS: Final = 0.05


async def connect(client: Client) -> None:
    """Create the listen key, and wait until its stream is open."""
    succeeded(await client.call_tool(CREATE, {}))
    await until(client, lambda status: status["stream"]["state"] == "connected")


async def until(client: Client, is_so: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Return the state of the stream as soon as the status is as wanted."""
    with anyio.fail_after(PATIENCE):
        while True:
            status = succeeded(await client.call_tool(STATUS, {"detail": True}))
            if is_so(status):
                return status["stream"]
            await anyio.sleep(_LOOK_AGAIN_SECONDS)


@dataclass
class Reader:
    client: Client
    cursor: str | None = "oldest"
    """None: the server is to know where this session is."""
    most: int = 500
    told: Told = field(default_factory=Told)
    texts: list[str] = field(default_factory=list[str])

    @property
    def contents(self) -> list[dict[str, Any]]:
        """Binance's objects, in the order in which they were read."""
        return [each["data"] for each in self.told.events]

    @property
    def reasons(self) -> list[str]:
        """The reason of each gap that there was, in order; one that goes on is told repeatedly."""
        return list({since: reason for since, _, reason in self.told.gaps}.values())

    async def read(self) -> dict[str, Any]:
        """Read once, and wait a second if there is nothing yet."""
        where = {"cursor": self.cursor} if self.cursor else {}
        arguments = where | {"detail": True, "maxEvents": self.most, "waitSeconds": 1}
        result = await self.client.call_tool(READ, arguments)
        answer = succeeded(result)
        self.told.add(answer, wall_clock())
        self.texts.append(text(result))
        if self.cursor:
            self.cursor = answer["nextCursor"]
        return answer

    async def read_until(self, is_enough: Callable[[], bool], pause: float = 0) -> None:
        """Read until it is enough; pause so many seconds between two calls."""
        with anyio.fail_after(PATIENCE):
            while not is_enough():
                await self.read()
                await anyio.sleep(pause)

    async def read_more(self, many: int, pause: float = 0) -> None:
        """Read so many events more."""
        enough = len(self.told.events) + many
        await self.read_until(lambda: len(self.told.events) >= enough, pause)
