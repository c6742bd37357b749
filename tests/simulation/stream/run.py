"""Events over real sockets, with harm done to the streams, and readers that note all they get."""

import random
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, Final

import anyio
from mcp import Client, StdioServerParameters

from binance_mcp.clock import wall_clock
from tests.server.connections import CREATE, READ, Era, succeeded
from tests.simulation.stream.account_life import AccountLife
from tests.simulation.stream.comparison import Told

_WAIT_SECONDS: Final = 1
_ERAS: Final[tuple[Era, Era]] = ("auto", "legacy")


@dataclass(frozen=True)
class Outcome:
    """What was sent, and what each reader was told of it."""

    told: Sequence[Told]
    truth: Sequence[Mapping[str, Any]]
    since: float
    """When the server had been told of a key."""
    troubles: Sequence[str]


@dataclass(frozen=True)
class Plan:
    """How much happens."""

    events: int
    per_second: int = 400
    flood: int = 3000
    pause: float = 2.0
    """Seconds between two troubles."""
    readers: int = 1
    seed: int = 1


async def run(plan: Plan, server: StdioServerParameters | str, at: Mapping[str, str]) -> Outcome:
    """Push the events, do harm, and read."""
    life = AccountLife(at, random.Random(plan.seed))  # noqa: S311  # not a secret
    readers = [Told() for _ in range(plan.readers)]
    is_over = anyio.Event()
    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(Client(server, mode=_ERAS[number % 2]))
            for number in range(plan.readers)
        ]
        succeeded(await clients[0].call_tool(CREATE, {}))
        since = wall_clock()
        async with anyio.create_task_group() as tasks:
            for client, told in zip(clients, readers, strict=True):
                tasks.start_soon(_read, client, told, is_over)
            async with anyio.create_task_group() as harm:
                harm.start_soon(life.trouble, plan.flood, plan.pause)
                await life.push(plan.events, plan.per_second)
                harm.cancel_scope.cancel()
            await life.push(plan.events // 20, plan.per_second)
            is_over.set()
        truth = await life.truth()
    return Outcome(readers, truth, since, life.troubles)


async def _read(client: Client, told: Told, is_over: anyio.Event) -> None:
    """Read until there is nothing more, and the stream has been connected again."""
    cursor = "oldest"
    while True:
        was_over = is_over.is_set()
        arguments = {
            "cursor": cursor,
            "waitSeconds": _WAIT_SECONDS,
            "maxEvents": 500,
            "detail": True,
        }
        answer = succeeded(await client.call_tool(READ, arguments))
        told.add(answer, wall_clock())
        cursor = answer["nextCursor"]
        if was_over and not answer["events"] and "coveredSince" in answer:
            return
