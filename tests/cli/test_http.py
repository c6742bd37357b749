import errno
import os
import signal
import socket

import httpx2 as httpx
import pytest

from tests.cli.processes import ONLY_ERRORS, ended, line_with, posix, running


def test_http_refuses_an_address_that_other_machines_reach() -> None:
    with running("http", "--host", "0.0.0.0", variables=ONLY_ERRORS) as process:  # noqa: S104  # refused
        code, out, err = ended(process)
    assert (code, out) == (2, "")
    assert err == (
        "binance-mcp: BINANCE_MCP_HOST: must be of this machine, like 127.0.0.1 or ::1: "
        "callers are not authenticated\n"
    )


@pytest.mark.parametrize("command", ["http", "sandbox"])
def test_a_port_in_use_is_reported_in_one_line(command: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with running(command, "--port", str(port), variables=ONLY_ERRORS) as process:
            code, out, err = ended(process)
    reason = os.strerror(errno.EADDRINUSE)
    assert (code, out) == (2, "")
    assert err == f"binance-mcp: cannot listen on 127.0.0.1 port {port}: {reason}\n"


@posix
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_http_serves_until_a_signal(number: signal.Signals, code: int) -> None:
    with running("http", variables={"BINANCE_MCP_PORT": "0"}) as process:
        url = line_with("serving MCP at", process).split()[-1]
        health = httpx.get(url.removesuffix("/mcp") + "/healthz", trust_env=False)
        process.send_signal(number)
        assert ended(process)[:2] == (code, "")
    assert health.status_code == 200
