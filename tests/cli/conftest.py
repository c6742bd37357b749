import sys
from collections.abc import Callable

import pytest

from binance_mcp.cli.main import main


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., object]:
    """Run the command in this process, for what ends before anything is served."""

    def run(*arguments: str) -> object:
        monkeypatch.setattr(sys, "argv", ["binance-mcp", *arguments])
        try:
            return main()
        except SystemExit as ended:
            return ended.code

    return run
