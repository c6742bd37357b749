"""The command in processes of its own."""

import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer
from typing import Final

import pytest

COMMAND: Final = [sys.executable, "-m", "binance_mcp"]
ONLY_ERRORS: Final = {"BINANCE_MCP_LOG_LEVEL": "ERROR"}
posix = pytest.mark.skipif(os.name != "posix", reason="terminals and signals are POSIX's here")
has_full_disk = pytest.mark.skipif(
    not Path("/dev/full").exists(), reason="only Linux has /dev/full"
)


@contextmanager
def running(
    *arguments: str,
    variables: dict[str, str] | None = None,
    stdin: int = subprocess.DEVNULL,
    stdout: int = subprocess.PIPE,
) -> Generator[subprocess.Popen[str]]:
    """Run the command in a process of its own, which ends with the block, or after a minute."""
    with subprocess.Popen(
        [*COMMAND, *arguments],
        env=os.environ | {"PYTHONUNBUFFERED": ""} | (variables or {}),
        stdin=stdin,
        stdout=stdout,
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
