import errno
import io
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from tests.cli.processes import has_full_disk, posix, running

BAD_SETTINGS: Final = {"BINANCE_ENVIRONMENT": "moon", "BINANCE_MCP_PORT": "http"}
BAD_SETTINGS_TOLD: Final = (
    "binance-mcp: BINANCE_ENVIRONMENT: must be 'mainnet', 'demo' or 'sandbox'\n"
    "binance-mcp: BINANCE_MCP_PORT: must be a whole number\n"
)


@pytest.mark.parametrize("arguments", [[], ["http"], ["sandbox"], ["policy", "show"]])
def test_invalid_settings_are_reported_one_per_line(
    run: Callable[..., object],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
) -> None:
    for variable, value in BAD_SETTINGS.items():
        monkeypatch.setenv(variable, value)
    assert run(*arguments) == 2
    assert capsys.readouterr() == ("", BAD_SETTINGS_TOLD)


@posix
def test_ctrl_c_ends_a_command_without_a_traceback(
    run: Callable[..., object],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class InterruptedOutput(io.StringIO):
        def write(self, _text: str, /) -> int:
            signal.raise_signal(signal.SIGINT)
            return 0

    monkeypatch.setattr(sys, "stdout", InterruptedOutput())
    assert run("--version") == 130
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("arguments", ["--help", "--version", "policy explain"])
def test_a_closed_output_pipe_is_not_an_error(arguments: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with running(*arguments.split(), stdout=writing) as process:
        os.close(writing)
        _, err = process.communicate()
    assert (process.returncode, err) == (0, "")


@has_full_disk
@pytest.mark.parametrize("command", ["--help", "--version", "sandbox", "policy show"])
def test_an_output_error_is_reported_in_one_line(command: str) -> None:
    with Path("/dev/full").open("w") as full, running(*command.split(), stdout=full.fileno()) as it:
        _, err = it.communicate()
    reason = os.strerror(errno.ENOSPC)
    assert (it.returncode, err) == (2, f"binance-mcp: cannot print: {reason}\n")


def test_a_crash_in_a_task_is_not_hidden(
    run: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    class CrashingOutput(io.StringIO):
        def write(self, _text: str, /) -> int:
            raise BaseExceptionGroup("tasks", [SystemExit(2), ZeroDivisionError()])

    monkeypatch.setattr(sys, "stdout", CrashingOutput())
    with pytest.raises(BaseExceptionGroup):
        run("--version")


def test_the_bare_command_does_not_import_modules_of_other_commands() -> None:
    script = "import sys, binance_mcp.cli.main; print(*sys.modules)"
    printed = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=True, text=True, timeout=60
    )
    imported = {name for name in printed.stdout.split() if name.startswith("binance_mcp.")}
    assert imported == {
        "binance_mcp.cli",
        "binance_mcp.cli.command",
        "binance_mcp.cli.main",
        "binance_mcp.cli.output",
        "binance_mcp.cli.stdio",
        "binance_mcp.env_file",
        "binance_mcp.errors",
        "binance_mcp.files",
        "binance_mcp.settings",
        "binance_mcp.settings_sources",
        "binance_mcp.urls",
        "binance_mcp.validation",
    }
