import io
import sys
from collections.abc import Callable
from pathlib import Path

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


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a person who has no hosts yet, and does not answer questions."""
    for variable in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(variable, str(tmp_path / "home"))
    for variable in ("APPDATA", "XDG_CONFIG_HOME", "CLAUDE_CONFIG_DIR", "CODEX_HOME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    return tmp_path / "home"
