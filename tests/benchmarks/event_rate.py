"""How many events a second go into the journal, beside a bare WebSocket of httpx2 that drops them.

And how much memory a journal takes, and how long it takes until a waiting agent has an event.
"""

import json
import subprocess
import sys
import tempfile
import tracemalloc
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Final

import anyio
import anyio.lowlevel
import httpx2 as httpx
from httpx2.websockets import AsyncWebSocketClient
from mcp import Client
from pydantic import SecretStr

from binance_mcp.futures.account import open_account
from binance_mcp.futures.credentials import Credentials
from binance_mcp.futures.user_stream.event import parse_frame
from binance_mcp.futures.user_stream.journal import Journal
from binance_mcp.sandbox.app import Sandbox
from binance_mcp.sandbox.tcp import serving_sandbox
from binance_mcp.server.app import create_server
from binance_mcp.settings import Settings
from tests.benchmarks.row import Row, verdict
from tests.futures.user_stream.documented_events import fill

_EVENTS: Final = 20_000
_ROUNDS: Final = 3
_HELD: Final = 10_000
_GOAL_RATIO: Final = 0.5
_GOAL_MILLISECONDS: Final = 50
_WAITS: Final = 20


def rows() -> Iterator[Row]:
    """Measure each kind in turn, several times, and count the best."""
    bare, memory, file = 0.0, 0.0, 0.0
    with _server() as port, tempfile.TemporaryDirectory() as folder:
        for number in range(_ROUNDS):
            bare = max(bare, anyio.run(_bare, port))
            memory = max(memory, anyio.run(_ours, port, None))
            file = max(file, anyio.run(_ours, port, Path(folder) / f"{number}.db"))
    what = "events a second into the journal"
    yield Row(
        f"{what}, in memory",
        f"{memory:,.0f}",
        f"{bare:,.0f}",
        f"{memory / bare:.2f}",
        f"at least {_GOAL_RATIO}",
        verdict(is_met=memory >= _GOAL_RATIO * bare),
    )
    yield Row(f"{what}, in an SQLite file", f"{file:,.0f}", f"{bare:,.0f}", f"{file / bare:.2f}")
    yield Row(f"memory of a journal of {_HELD:,} fills", f"{_mebibytes():.0f} MiB")
    waited = anyio.run(_woken)
    yield Row(
        f"from a pushed event to a waiting agent, median of {_WAITS}",
        f"{waited:.1f} ms",
        goal=f"under {_GOAL_MILLISECONDS} ms",
        verdict=verdict(is_met=waited < _GOAL_MILLISECONDS),
    )


@contextmanager
def _server() -> Generator[int]:
    command = [sys.executable, "-m", "tests.benchmarks.event_server", str(_EVENTS)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, encoding="utf-8") as process:
        try:
            assert process.stdout
            yield int(process.stdout.readline())
        finally:
            process.kill()


async def _bare(port: int) -> float:
    async with httpx.AsyncClient(trust_env=False, timeout=None) as http:
        client = AsyncWebSocketClient(http, keepalive_ping_interval_seconds=None)
        async with client.connect(f"ws://127.0.0.1:{port}/") as session:
            await session.receive()
            started = perf_counter()
            for _ in range(_EVENTS - 1):
                await session.receive()
            return _EVENTS / (perf_counter() - started)


async def _ours(port: int, file: Path | None) -> float:
    settings = Settings(
        environment="sandbox",
        rest_url=f"http://127.0.0.1:{port}",
        stream_url=f"ws://127.0.0.1:{port}",
        events_file=file,
    )
    async with open_account(settings, Credentials(SecretStr("k"))) as account:
        await account.keeper.create()
        journal = account.stream.journal
        while journal.last == 0:
            await journal.changes()
        started, first = perf_counter(), journal.last
        while journal.last < _EVENTS:  # noqa: ASYNC110  # to be woken by each would cost time
            await anyio.sleep(0.002)
        return (_EVENTS - first) / (perf_counter() - started)


def _mebibytes() -> float:
    frames = [json.dumps(fill(number)) for number in range(_HELD)]
    return anyio.run(_held, frames)


async def _held(frames: list[str]) -> float:
    await anyio.lowlevel.checkpoint()
    tracemalloc.start()
    journal = Journal()
    for frame in frames:
        if event := parse_frame(frame):
            journal.append(event, size=len(frame), at=0.0)
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return size / 2**20


async def _woken() -> float:
    """Return the median milliseconds from the push to the answer of a call that waits for it."""
    times: list[float] = []
    sandbox = Sandbox()
    async with serving_sandbox(sandbox) as exchange:
        settings = Settings(
            environment="sandbox",
            rest_url=exchange.rest_url,
            stream_url=exchange.stream_url,
            api_key=exchange.account.api_key,  # pyright: ignore[reportArgumentType]
        )
        async with Client(create_server(settings)) as client:
            await client.call_tool("BinanceFuturesCreateListenKey", {})
            await anyio.sleep(0.5)
            pushed = 0.0

            async def push(number: int) -> None:
                nonlocal pushed
                await anyio.sleep(0.1)
                pushed = perf_counter()
                sandbox.push(fill(number), api_key=exchange.account.api_key)

            for number in range(_WAITS):
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(push, number)
                    await client.call_tool("BinanceFuturesReadUserEvents", {"waitSeconds": 10})
                    times.append((perf_counter() - pushed) * 1000)
    return median(times)
