"""`python -m tests.simulation.siege`: honest clients and a key of 20 seconds, beside hostile ones.

Everything runs on this machine, and ends by itself after half a minute.
"""

import json
import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import AsyncExitStack, contextmanager, suppress
from typing import Final

import anyio
import httpx2 as httpx
from anyio.abc import SocketStream
from mcp import Client

from tests.server.connections import CREATE, STATUS, Era

_SECONDS: Final = 25
_SILENT: Final = 1100
_STALLED: Final = 300
_ABANDONED: Final = 1000
_LARGE_HEADERS: Final = 40
_HEADERS: Final = "".join(f"x{n}: 1\r\n" for n in range(7000))
_INITIALIZE: Final = json.dumps(
    {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-11-25",
            "capabilities": {},
            "clientInfo": {"name": "siege", "version": "1"},
        },
    }
)
_LISTEN: Final = json.dumps(
    {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "subscriptions/listen",
        "params": {
            "notifications": {"resourceSubscriptions": ["binance://futures/listen-key"]},
            "_meta": {
                "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                "io.modelcontextprotocol/clientCapabilities": {},
            },
        },
    }
)


def _post(body: str, more: str = "") -> bytes:
    return (
        "POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        "Accept: application/json, text/event-stream\r\n"
        f"{more}Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


@contextmanager
def _running(*arguments: str, **variables: str) -> Generator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-m", "binance_mcp", *arguments],
        env=os.environ | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.terminate()


async def _siege(port: int, stack: AsyncExitStack) -> None:
    async def connect() -> SocketStream:
        stream = await anyio.connect_tcp("127.0.0.1", port)
        stack.push_async_callback(stream.aclose)
        return stream

    async def send(message: bytes) -> None:
        with suppress(OSError, anyio.BrokenResourceError):  # it may be refused
            await (await connect()).send(message)

    for _ in range(_STALLED):
        await send(
            _post(
                _LISTEN, "MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: subscriptions/listen\r\n"
            )
        )
    for _ in range(_SILENT):
        await connect()
    for _ in range(_LARGE_HEADERS):
        await send(_post(_INITIALIZE, _HEADERS))
    async with httpx.AsyncClient(trust_env=False) as http:
        headers = {"Accept": "application/json, text/event-stream"}
        for _ in range(_ABANDONED):
            await http.post(
                f"http://127.0.0.1:{port}/mcp",
                content=_INITIALIZE,
                headers=headers | {"Content-Type": "application/json"},
            )


async def _ask(port: int, era: Era, until: float, waits: list[float]) -> None:
    """Connect and ask again and again, and note how long each took."""
    while anyio.current_time() < until:
        begun = anyio.current_time()
        async with Client(f"http://127.0.0.1:{port}/mcp", mode=era) as client:
            assert not (await client.call_tool(STATUS, {})).is_error
        waits.append(anyio.current_time() - begun)
        await anyio.sleep(1)


async def main() -> None:
    """Print how the server did."""
    with _running("sandbox", "--listen-key-seconds", "20") as exchange:
        assert exchange.stdout
        at = json.loads(exchange.stdout.readline())
        with _running(
            "http",
            BINANCE_API_KEY=at["apiKey"],
            BINANCE_ENVIRONMENT="sandbox",
            BINANCE_REST_URL=at["restUrl"],
            BINANCE_STREAM_URL=at["streamUrl"],
            BINANCE_MCP_PORT="0",
            BINANCE_MCP_KEEPALIVE_SECONDS="5",
            BINANCE_MCP_KEEPALIVE_JITTER_SECONDS="0",
        ) as server:
            assert server.stderr
            line = next(line for line in server.stderr if "serving MCP at" in line)
            port = int(line.rsplit(":", 1)[1].split("/")[0])
            waits: dict[Era, list[float]] = {"legacy": [], "auto": []}
            async with Client(f"http://127.0.0.1:{port}/mcp") as client:
                await client.call_tool(CREATE, {})
            async with AsyncExitStack() as stack, anyio.create_task_group() as tasks:
                until = anyio.current_time() + _SECONDS
                for era, noted in waits.items():
                    tasks.start_soon(_ask, port, era, until, noted)
                await _siege(port, stack)
                await anyio.sleep(max(0.0, until - anyio.current_time()))
            server.terminate()
            log = server.stderr.read().splitlines()
        requests = httpx.get(f"{at['restUrl']}/sandbox/requests", trust_env=False).json()
    sent = [f"{each['method']} {each['status']}" for each in requests["requests"]]
    for era, noted in waits.items():
        print(f"{era}: {len(noted)} honest clients, the slowest answered in {max(noted):.2f} s")  # noqa: T201
    print(f"the exchange: { ({each: sent.count(each) for each in sent}) }")  # noqa: T201
    print(f"the log: {len(log)} lines, {sum('Traceback' in each for each in log)} tracebacks")  # noqa: T201


if __name__ == "__main__":
    anyio.run(main)
