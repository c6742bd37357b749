"""How serving over standard input and output ends, and what is answered before it does."""

import errno
import json
import os
import signal
from collections.abc import Generator
from pathlib import Path
from time import monotonic
from typing import Any, Final

import pytest

from tests.cli.processes import has_full_disk, posix
from tests.server.connections import CREATE
from tests.server.hosts import INITIALIZE, META, Host, running

LISTEN: Final = {"notifications": {"toolsListChanged": True}, "_meta": META}

SLOW: Final = """
import logging, sys
import anyio
from mcp.types import RequestParams
from binance_mcp.server.app import create_server
from binance_mcp.server.stdio import run_stdio
from binance_mcp.settings import Settings

async def slow(context, _):
    await anyio.sleep(float(sys.argv[1]))
    return {"text": "at last"}

logging.basicConfig(level="INFO")
server = create_server(Settings(environment="sandbox"))
server.lowlevel.add_request_handler("slow", RequestParams, slow)
anyio.run(run_stdio, server)
"""
"""A server with a request that takes as many seconds as its argument says."""


@pytest.fixture
def host() -> Generator[Host]:
    with running() as host:
        yield host


# The end of the input


@pytest.mark.parametrize(("opening", "meta"), [(INITIALIZE, {}), (None, {"_meta": META})])
def test_every_request_of_a_file_on_stdin_is_answered(
    tmp_path: Path, opening: dict[str, Any] | None, meta: dict[str, Any]
) -> None:
    asked = [{"method": "initialize", "params": opening}] if opening else []
    asked += [
        {"method": "tools/call", "params": {"name": CREATE, "arguments": {}} | meta}
        for _ in range(100)
    ]
    file = tmp_path / "requests"
    lines = (json.dumps({"jsonrpc": "2.0", "id": i} | each) for i, each in enumerate(asked))
    file.write_text("\n".join(lines), "utf-8")
    with file.open() as requests, running(stdin=requests) as host:
        answers = host.leave()
    assert sorted(answer["id"] for answer in answers) == list(range(len(asked)))
    assert all("result" in answer for answer in answers)
    assert "stopped using sandbox" in host.log


def test_a_call_in_progress_at_the_end_of_stdin_is_answered() -> None:
    with running("-c", SLOW, "0.5") as host:
        host.initialize()
        host.send({"id": "slow", "method": "slow"})
        (answer,) = host.leave()
    assert answer["result"]["text"] == "at last"


def test_a_cancelled_call_is_not_waited_for_at_the_end_of_stdin() -> None:
    with running("-c", SLOW, "60") as host:
        host.initialize()
        host.send({"id": "slow", "method": "slow"})
        host.send({"method": "notifications/cancelled", "params": {"requestId": "slow"}})
        left = monotonic()
        assert host.leave() == []
    assert monotonic() - left < 4


def test_the_end_of_stdin_completes_a_subscription(host: Host) -> None:
    host.send({"id": "heard", "method": "subscriptions/listen", "params": LISTEN})
    acknowledged, last = host.leave()
    assert acknowledged["method"] == "notifications/subscriptions/acknowledged"
    assert last["id"] == "heard"
    assert last["result"]["resultType"] == "complete"


def test_unreadable_stdin_ends_the_server_with_a_log_line(tmp_path: Path) -> None:
    with (tmp_path / "for-writing").open("w") as unreadable, running(stdin=unreadable) as host:
        code, log = host.wait()
    assert code == 2
    assert f"standard input cannot be read: {os.strerror(errno.EBADF)}" in log
    assert "stopped using sandbox" in log
    assert "Traceback" not in log


# Signals


@posix
@pytest.mark.parametrize(("name", "code"), [("SIGTERM", 0), ("SIGINT", 130), ("SIGHUP", 0)])
def test_a_signal_shuts_the_server_down_cleanly_whatever_signals_follow(
    host: Host, name: str, code: int
) -> None:
    host.send({"id": "heard", "method": "subscriptions/listen", "params": LISTEN})
    host.answer()
    for _ in range(3):
        host.process.send_signal(signal.Signals[name])
    assert host.answer()["result"]["resultType"] == "complete"
    ended, log = host.wait()
    assert ended == code
    assert "stopped using sandbox" in log
    assert "Traceback" not in log


@posix
def test_a_slow_call_does_not_delay_shutdown_on_a_signal() -> None:
    with running("-c", SLOW, "60") as host:
        host.initialize()
        host.send({"id": "slow", "method": "slow"})
        host.request("ping", {})
        host.process.send_signal(signal.SIGTERM)
        assert host.answer()["error"]["message"] == "Connection closed"
        code, log = host.wait()
    assert code == 0
    assert "stopped using sandbox" in log


# A host that does not read


@posix
def test_a_host_that_reads_no_answers_does_not_delay_shutdown_on_a_signal(host: Host) -> None:
    host.initialize()
    for number in range(300):
        host.send({"id": f"{number}", "method": "tools/list"})
    host.process.send_signal(signal.SIGTERM)
    assert host.process.wait(timeout=20) == 0


@posix
def test_a_closed_stdout_ends_the_server(host: Host) -> None:
    host.initialize()
    assert host.process.stdout is not None
    host.process.stdout.close()
    host.send({"id": "unread", "method": "ping"})
    code, log = host.wait()
    assert code == 0
    assert log.count("standard output cannot be written") == 1
    assert "stopped using sandbox" in log
    assert "Traceback" not in log


@has_full_disk
def test_a_full_stdout_device_ends_the_server() -> None:
    with Path("/dev/full").open("w") as full, running(stdout=full) as host:
        host.send({"id": 1, "method": "initialize", "params": INITIALIZE})
        code, log = host.wait()
    assert code == 2
    assert f"standard output cannot be written: {os.strerror(errno.ENOSPC)}" in log
    assert "stopped using sandbox" in log
    assert "Traceback" not in log


@posix
def test_a_host_that_never_reads_stderr_is_still_served(host: Host) -> None:
    host.initialize()
    for _ in range(1500):
        host.write("no message\n")
        assert host.answer()["error"]["code"] == -32700
    assert host.request("ping", {})["result"] == {}
    host.process.send_signal(signal.SIGTERM)
    assert host.process.wait(timeout=20) == 0


# A failure of our own


def test_a_server_failure_ends_the_process_with_the_reason_in_the_log() -> None:
    failing = SLOW.replace("anyio.run(", "server.lowlevel.lifespan = None\nanyio.run(")
    with running("-c", failing) as host:
        code, log = host.wait()
    assert code == 1
    assert "the server failed" in log
    assert "TypeError" in log
