import json
import os
import subprocess
from pathlib import Path

from binance_mcp.cli.host_entry import host_config


def test_the_host_entry_does_not_import_modules_from_the_working_directory() -> None:
    Path("anyio.py").write_text("raise SystemExit('run from the folder')")
    entry = json.loads(host_config())["mcpServers"]["binance"]
    ended = subprocess.run(
        [entry["command"], *entry["args"]],
        env=os.environ | {"BINANCE_ENVIRONMENT": "sandbox"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )
    assert ended.returncode == 0, ended.stderr
