import subprocess
import sys
from importlib.metadata import version


def test_the_package_can_be_run_as_the_command() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "binance_mcp", "--version"],
        capture_output=True,
        check=False,
        text=True,
        timeout=30,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout == version("binance-listen-key-mcp") + "\n"
