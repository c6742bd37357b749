"""Policies for the tests of the commands."""

from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeAlias

import pytest

Run: TypeAlias = Callable[..., object]
Printed: TypeAlias = pytest.CaptureFixture[str]
KEEPALIVE: Final = "BinanceFuturesKeepAliveListenKey"

FINE: Final = f"""{{
  "version": "1",
  "default": "deny",
  "hide": ["BinanceFuturesCloseListenKey"],
  "all_tools": {{"limits": [{{"counter": "all", "window": "minute", "max": 9, "scope": "grant"}}]}},
  "tools": {{"{KEEPALIVE}": {{"rate_limit": {{"max": 2, "window": "hour"}}}}}}
}}"""
FAULTY: Final = '{"version": 1,\n "default": "maybe", "tols": {}}'
FAULTY_TOLD: Final = """\
policy.json:1:13: /version: must be "1"
policy.json:2:13: /default: must be "allow" or "deny"
policy.json:2:22: /tols: is unknown; did you mean "tools"?
"""


def write(text: str, file: str = "policy.json") -> None:
    """Write a policy into the working directory, which is the test's own."""
    Path(file).write_text(text, "utf-8")
