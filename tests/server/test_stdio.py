import json
import os
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import pytest
from mcp import Client, StdioServerParameters

from tests.server.connections import CLOSE, CREATE, KEEPALIVE, Era

pytestmark = pytest.mark.anyio

META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
}
INITIALIZE = {
    "protocolVersion": "2025-11-25",
    "capabilities": {},
    "clientInfo": {"name": "test", "version": "1"},
}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"  # real processes


def parameters() -> StdioServerParameters:
    return StdioServerParameters(
        command=sys.executable,
        args=["-m", "binance_mcp"],
        env={**os.environ, "BINANCE_ENVIRONMENT": "sandbox"},
    )


class Host:
    """A host that writes JSON-RPC itself."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self._id = 0

    def send(self, message: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"jsonrpc": "2.0"} | message) + "\n")
        self.process.stdin.flush()

    def request(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        self._id += 1
        self.send({"id": self._id, "method": method, "params": params})
        assert self.process.stdout is not None
        answer = json.loads(self.process.stdout.readline())
        assert answer["id"] == self._id
        return answer


@pytest.fixture
def host() -> Generator[Host]:
    with running() as host:
        yield host


@contextmanager
def running() -> Generator[Host]:
    with subprocess.Popen(
        [sys.executable, "-m", "binance_mcp"],
        env={**os.environ, "BINANCE_ENVIRONMENT": "sandbox"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        yield Host(process)


async def test_the_tools_list_and_work(era: Era) -> None:
    async with Client(parameters(), mode=era) as client:
        assert len((await client.list_tools()).tools) == 4
        assert not (await client.call_tool(CREATE, {})).is_error
        assert not (await client.call_tool(KEEPALIVE, {})).is_error
        assert not (await client.call_tool(CLOSE, {})).is_error


async def test_the_61st_call_of_a_process_is_denied_and_another_process_is_not(era: Era) -> None:
    async with Client(parameters(), mode=era) as one, Client(parameters(), mode=era) as other:
        for _ in range(60):
            assert not (await one.call_tool(CREATE, {})).is_error
        denied = await one.call_tool(CREATE, {})
        assert denied.meta is not None
        assert denied.meta["binance-mcp/denial"]["retryAfterSeconds"] > 0
        assert not (await other.call_tool(CREATE, {})).is_error


def test_a_host_may_probe_and_then_initialize(host: Host) -> None:
    for _ in range(2):
        probed = host.request("server/discover", {"_meta": META})
        assert probed["result"]["supportedVersions"] == ["2026-07-28"]
    assert host.request("initialize", INITIALIZE)["result"]["protocolVersion"] == "2025-11-25"
    host.send({"method": "notifications/initialized"})
    assert len(host.request("tools/list", {})["result"]["tools"]) == 4


def test_a_host_may_probe_and_stay_in_the_revision_of_the_probe(host: Host) -> None:
    host.request("server/discover", {"_meta": META})
    call = {"name": CREATE, "arguments": {}, "_meta": META}
    assert host.request("tools/call", call)["result"]["isError"] is False
    refused = host.request("initialize", INITIALIZE)
    assert refused["error"]["code"] == -32022


def test_the_probe_is_answered_as_the_sdk_answers_it(host: Host) -> None:
    ours = host.request("server/discover", {"_meta": META})["result"]
    host.request("tools/list", {"_meta": META})
    assert host.request("server/discover", {"_meta": META})["result"] == ours


def test_a_line_that_is_no_message_does_not_end_the_server(host: Host) -> None:
    assert host.process.stdin is not None
    host.process.stdin.write("this is not JSON\n[]\n")
    host.request("server/discover", {"_meta": META})


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals to send")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_a_signal_closes_the_exchange_and_ends_the_process(
    host: Host, number: signal.Signals, code: int
) -> None:
    host.request("initialize", INITIALIZE)
    host.process.send_signal(number)
    assert host.process.wait(timeout=5) == code
    assert host.process.stderr is not None
    log = host.process.stderr.read()
    assert "stopped using sandbox" in log
    assert "Traceback" not in log


def test_the_end_of_standard_input_closes_the_exchange_and_ends_the_process(host: Host) -> None:
    host.request("initialize", INITIALIZE)
    _, log = host.process.communicate(timeout=5)
    assert host.process.returncode == 0
    assert "stopped using sandbox" in log
    assert "Traceback" not in log
