"""What a person and a host meet: arguments in; lines, JSON and an exit code out."""

import errno
import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from importlib.metadata import version
from threading import Timer
from typing import Final

import httpx2 as httpx
import pytest

from binance_mcp.cli import main

COMMAND: Final = [sys.executable, "-m", "binance_mcp"]
BAD_SETTINGS: Final = {"BINANCE_ENVIRONMENT": "moon", "BINANCE_MCP_PORT": "http"}
BAD_SETTINGS_TOLD: Final = (
    "binance-mcp: BINANCE_ENVIRONMENT: must be 'mainnet', 'demo' or 'sandbox'\n"
    "binance-mcp: BINANCE_MCP_PORT: must be a whole number\n"
)
ONLY_ERRORS: Final = {"BINANCE_MCP_LOG_LEVEL": "ERROR"}
posix = pytest.mark.skipif(os.name != "posix", reason="terminals and signals are POSIX's here")

Run = Callable[..., object]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command in this process, for what ends before anything is served."""

    def run(*arguments: str) -> object:
        monkeypatch.setattr(sys, "argv", ["binance-mcp", *arguments])
        try:
            return main()
        except SystemExit as ended:
            return ended.code

    return run


@contextmanager
def running(
    *arguments: str, variables: dict[str, str] | None = None, stdin: int = subprocess.DEVNULL
) -> Generator[subprocess.Popen[str]]:
    """Run the command in a process of its own, which ends with the block, or after a minute."""
    with subprocess.Popen(
        [*COMMAND, *arguments],
        env=os.environ | {"PYTHONUNBUFFERED": ""} | (variables or {}),
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        deadline = Timer(60, process.kill)
        deadline.start()
        try:
            yield process
        finally:
            deadline.cancel()
            process.kill()


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Return exit code, output and errors of a process that ends by itself."""
    out, err = process.communicate()
    return process.returncode, out, err


def line_with(text: str, process: subprocess.Popen[str]) -> str:
    assert process.stderr
    return next(line for line in process.stderr if text in line)


# Arguments


def test_the_version_is_that_of_the_distribution(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--version") == 0
    assert capsys.readouterr() == (version("binance-listen-key-mcp") + "\n", "")


def test_the_help_names_every_command(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--help") == 0
    out, err = capsys.readouterr()
    assert re.findall(r"^    (\w+) +[A-Z]", out, re.MULTILINE) == ["http", "sandbox", "demo"]
    assert "--version" in out
    assert err == ""


def test_an_unknown_command_is_named(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("moon") == 2
    out, err = capsys.readouterr()
    assert re.match(r"usage: .*\nbinance-mcp: error: .*'moon'.*\n\Z", err)
    assert out == ""


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("http --port x", "--port: must be a whole number"),
        ("http --port 65536", "BINANCE_MCP_PORT: must be at most 65535"),
        ("sandbox --port x", "--port: must be a whole number"),
        ("sandbox --port -1", "--port: must be at least 0"),
        ("sandbox --port 65536", "--port: must be at most 65535"),
        ("sandbox --listen-key-seconds x", "--listen-key-seconds: must be a number"),
        ("sandbox --listen-key-seconds 0", "--listen-key-seconds: must be above 0"),
        ("sandbox --listen-key-seconds nan", "--listen-key-seconds: must be a finite number"),
    ],
)
def test_a_number_that_cannot_be_used_is_told_in_one_line(
    run: Run, capsys: pytest.CaptureFixture[str], arguments: str, told: str
) -> None:
    assert run(*arguments.split()) == 2
    assert capsys.readouterr() == ("", f"binance-mcp: {told}\n")


@pytest.mark.parametrize("arguments", [[], ["http"], ["sandbox"]])
def test_settings_that_cannot_be_used_are_told_a_line_each(
    run: Run,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
) -> None:
    for variable, value in BAD_SETTINGS.items():
        monkeypatch.setenv(variable, value)
    assert run(*arguments) == 2
    assert capsys.readouterr() == ("", BAD_SETTINGS_TOLD)


def test_a_variable_of_the_environment_is_no_command(
    run: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VERSION", "true")
    monkeypatch.setenv("BINANCE_MCP_PORT", "http")
    assert run("sandbox") == 2
    assert capsys.readouterr() == ("", "binance-mcp: BINANCE_MCP_PORT: must be a whole number\n")


@posix
def test_ctrl_c_ends_a_command_without_a_traceback(
    run: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class InterruptedOutput(io.StringIO):
        def write(self, _text: str, /) -> int:
            signal.raise_signal(signal.SIGINT)
            return 0

    monkeypatch.setattr(sys, "stdout", InterruptedOutput())
    assert run("--version") == 130
    assert capsys.readouterr().err == ""


# The bare command


@posix
def test_at_a_terminal_the_bare_command_says_what_it_waits_for_and_ends_at_ctrl_d() -> None:
    terminal, stdin = os.openpty()
    os.write(terminal, b"\x04")
    with running(stdin=stdin) as process:
        code, out, err = ended(process)
    os.close(stdin)
    os.close(terminal)
    config = re.search(r"^{$.*^}$", err, re.DOTALL | re.MULTILINE)
    assert config
    assert json.loads(config[0]) == {
        "mcpServers": {
            "binance": {
                "command": sys.executable,
                "args": ["-m", "binance_mcp"],
                "env": {"BINANCE_API_KEY": "your API key"},
            }
        }
    }
    assert "waiting for a host" in err
    assert (code, out) == (0, "")


def test_the_bare_command_ends_quietly_with_its_input() -> None:
    with running(variables=ONLY_ERRORS) as process:
        assert ended(process) == (0, "", "")


@posix
def test_the_bare_command_ends_quietly_if_its_input_is_closed_from_the_start() -> None:
    closed = subprocess.run(
        ["/bin/sh", "-c", 'exec "$@" <&-', "sh", *COMMAND],
        capture_output=True,
        check=False,
        env=os.environ | ONLY_ERRORS,
        timeout=30,
    )
    assert (closed.returncode, closed.stdout, closed.stderr) == (0, b"", b"")


def test_a_policy_that_cannot_be_used_is_told_in_one_line() -> None:
    with running(variables={"BINANCE_MCP_POLICY": "missing.json"}) as process:
        code, out, err = ended(process)
    assert (code, out) == (2, "")
    assert re.fullmatch(r"binance-mcp: missing\.json: [^\n]+\n", err)


# http


def test_http_refuses_an_address_that_other_machines_reach() -> None:
    with running("http", "--host", "0.0.0.0", variables=ONLY_ERRORS) as process:  # noqa: S104  # refused
        code, out, err = ended(process)
    assert (code, out) == (2, "")
    assert err == (
        "binance-mcp: BINANCE_MCP_HOST: must be 127.0.0.1, ::1 or localhost: callers are not "
        "authenticated\n"
    )


@pytest.mark.parametrize("command", ["http", "sandbox"])
def test_a_port_in_use_is_told_in_one_line(command: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with running(command, "--port", str(port)) as process:
            code, out, err = ended(process)
    reason = os.strerror(errno.EADDRINUSE)
    assert (code, out) == (2, "")
    assert err == f"binance-mcp: cannot listen on 127.0.0.1 port {port}: {reason}\n"


@posix
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_http_serves_until_a_signal_comes(number: signal.Signals, code: int) -> None:
    with running("http", variables={"BINANCE_MCP_PORT": "0"}) as process:
        url = line_with("serving MCP at", process).split()[-1]
        health = httpx.get(url.removesuffix("/mcp") + "/healthz", trust_env=False)
        process.send_signal(number)
        assert ended(process)[:2] == (code, "")
    assert health.status_code == 200


# sandbox


@posix
def test_the_sandbox_prints_how_to_reach_it_and_serves_until_a_signal_comes() -> None:
    with running("sandbox") as process:
        assert process.stdout
        sandbox = json.loads(process.stdout.readline())
        time = httpx.get(f"{sandbox['restUrl']}/fapi/v1/time", trust_env=False)
        process.send_signal(signal.SIGTERM)
        assert ended(process)[:2] == (0, "")
    assert time.json().keys() == {"serverTime"}
    assert sandbox.keys() == {"restUrl", "streamUrl", "apiKey", "apiSecret"}
    assert sandbox["streamUrl"] == sandbox["restUrl"].replace("http", "ws")


def test_listen_keys_of_the_sandbox_live_as_long_as_asked() -> None:
    with running("sandbox", "--listen-key-seconds", "1e-9") as process:
        assert process.stdout
        sandbox = json.loads(process.stdout.readline())
        with httpx.Client(
            base_url=sandbox["restUrl"],
            headers={"X-MBX-APIKEY": sandbox["apiKey"]},
            trust_env=False,
        ) as client:
            assert client.post("/fapi/v1/listenKey").status_code == 200
            assert client.put("/fapi/v1/listenKey").json()["code"] == -1125
