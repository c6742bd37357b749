"""The processes that are measured: with which environment they run, and that they end."""

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Final

OURS: Final = ("-m", "binance_mcp")
_HERE: Final = Path(__file__).parent
_SANDBOX: Final = {"BINANCE_ENVIRONMENT": "sandbox", "BINANCE_MCP_LOG_LEVEL": "ERROR"}


@contextmanager
def running(*arguments: str, **environment: str) -> Generator[Popen[bytes]]:
    """Run Python here, where the scripts lie and no `.env` does, while the block runs.

    The settings of whoever measures are not passed on.
    """
    inherited = {name: value for name, value in os.environ.items() if "BINANCE" not in name}
    with Popen(
        [sys.executable, *arguments],
        cwd=_HERE,
        env=inherited | _SANDBOX | environment,
        stdin=PIPE,
        stdout=PIPE,
    ) as process:
        try:
            yield process
        finally:
            process.kill()
