"""The processes: an exchange, and a server that receives its events."""

import json
import os
import subprocess
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from shutil import copyfileobj
from threading import Thread
from typing import IO

from mcp import StdioServerParameters


@contextmanager
def running(*arguments: str, **variables: str) -> Generator[subprocess.Popen[str]]:
    """Run `binance-mcp`, and end it afterwards."""
    with subprocess.Popen(
        [sys.executable, "-m", "binance_mcp", *arguments],
        env=os.environ | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE if arguments[0] == "http" else None,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.terminate()


@contextmanager
def exchange(answer_seconds: float = 0.01) -> Generator[dict[str, str]]:
    """Run a sandbox; yield its addresses, and an account."""
    with running("sandbox", "--answer-seconds", str(answer_seconds)) as process:
        assert process.stdout
        yield json.loads(process.stdout.readline())


@contextmanager
def http_server(variables: Mapping[str, str], log: IO[str]) -> Generator[str]:
    """Run a server over HTTP; yield its URL."""
    with running("http", **variables, BINANCE_MCP_PORT="0") as process:
        url = url_of(process)
        copying = Thread(target=copyfileobj, args=(process.stderr, log))
        copying.start()  # a pipe that is full would stop the server
        try:
            yield url
        finally:
            process.terminate()
            copying.join()


def url_of(process: subprocess.Popen[str]) -> str:
    """Return where a server over HTTP is reached, as soon as it says so."""
    assert process.stderr
    return next(line for line in process.stderr if "serving MCP at" in line).split()[-1]


def stdio_server(variables: Mapping[str, str]) -> StdioServerParameters:
    """Return how to start a server over stdio."""
    arguments = ["-m", "binance_mcp"]
    return StdioServerParameters(
        command=sys.executable, args=arguments, env={**os.environ, **variables}
    )


def settings(at: Mapping[str, str], directory: Path) -> dict[str, str]:
    """Return the settings of a server for an account of a sandbox, without limits of rate."""
    policy = directory / "policy.json"
    policy.write_text(json.dumps({"version": "1", "default": "allow"}))
    return {
        "BINANCE_MCP_POLICY": str(policy),
        "BINANCE_API_KEY": at["apiKey"],
        "BINANCE_ENVIRONMENT": "sandbox",
        "BINANCE_REST_URL": at["restUrl"],
        "BINANCE_STREAM_URL": at["streamUrl"],
    }
