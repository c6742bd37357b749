"""A server that is killed while events arrive, and the next one on the same file."""

import random
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import anyio
import pytest
from mcp import Client

from tests.simulation.stream.account_life import AccountLife
from tests.simulation.stream.comparison import Told, content, violations
from tests.simulation.stream.machines import running, settings, url_of
from tests.system.reader import Reader, connect

pytestmark = pytest.mark.anyio

MANY: Final = 100
"""Events that are read of each server before it is killed."""


class Account:
    """An account to which something happens all the time, whether or not a server runs."""

    def __init__(self, at: Mapping[str, str]) -> None:
        self._life = AccountLife(at, random.Random(1))  # noqa: S311  # not a secret
        self._is_over = anyio.Event()
        self._is_quiet = anyio.Event()

    async def run(self) -> None:
        while not self._is_over.is_set():
            await self._life.push(60, per_second=200)
        self._is_quiet.set()

    async def history(self) -> list[dict[str, Any]]:
        """Let nothing more happen, and return all that did."""
        self._is_over.set()
        await self._is_quiet.wait()
        return await self._life.truth()


@pytest.fixture
async def account(at: dict[str, str]) -> AsyncGenerator[Account]:
    account = Account(at)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(account.run)
        yield account
        tasks.cancel_scope.cancel()


@asynccontextmanager
async def server_that_is_killed(variables: dict[str, str]) -> AsyncGenerator[Client]:
    """Yield a client of a server that is killed at the end of the block."""
    with running("http", **variables, BINANCE_MCP_PORT="0") as process:
        async with Client(url_of(process)) as client:
            await connect(client)
            yield client
            process.kill()
            process.wait()


async def test_a_killed_servers_journal_is_whole_and_goes_on_after_a_gap(
    at: dict[str, str], account: Account, tmp_path: Path
) -> None:
    variables = settings(at, tmp_path) | {"BINANCE_MCP_EVENTS_FILE": str(tmp_path / "events.db")}
    carried, cursor = Told(), "oldest"
    for _ in range(2):
        async with server_that_is_killed(variables) as client:
            reader = Reader(client, cursor, told=carried)
            await reader.read_more(MANY)
        cursor = reader.cursor
    async with server_that_is_killed(variables) as client:
        anew, reader = Reader(client), Reader(client, cursor, told=carried)
        await reader.read_more(MANY)
        history = await account.history()
        last = content(history[-1]["event"])
        for each in (anew, reader):
            await each.read_until(lambda by=each: last in map(content, by.contents))
    assert list(violations(anew.told, history, since=0)) == []
    assert anew.told.events[0]["sequence"] == 1
    assert anew.reasons == ["start", "restart", "restart"]
    place = {content(each["event"]): each["sequence"] for each in history}
    kept, read = ([place[content(each)] for each in by.contents] for by in (anew, reader))
    assert read == sorted(set(read)), "nothing is read twice with the cursor of before"
    assert kept == read, "what was told is in the file, whenever the server is killed"
    assert {reason for _, _, reason in carried.gaps} == {"start", "restart"}
