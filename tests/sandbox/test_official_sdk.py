"""Binance's own SDK, unchanged, runs against the sandbox as `binance-mcp sandbox` serves it."""

import json
import subprocess
import sys
from pathlib import Path

PROGRAM = Path(__file__).with_name("official_sdk.py")


def test_the_official_sdk_lives_a_listen_keys_life_and_receives_an_event() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "binance_mcp", "sandbox"], stdout=subprocess.PIPE, text=True
    ) as sandbox:
        assert sandbox.stdout is not None
        run = subprocess.run(
            [sys.executable, PROGRAM],
            input=sandbox.stdout.readline(),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        sandbox.terminate()
    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout)
    assert len(found["created"]) == 64
    assert found["kept"] == found["created"]
    assert found["event"] == "AccountUpdate"
    assert "This listenKey does not exist" in found["refusal"]
