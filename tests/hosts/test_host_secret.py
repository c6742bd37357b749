import json
from typing import Final

import pytest

from binance_mcp.hosts import edit
from binance_mcp.hosts.host import HOSTS, HostName
from binance_mcp.hosts.host_secret import host_secret

ENV: Final = {"BINANCE_ENVIRONMENT": "demo"}
ENTRY: Final = {"command": "x", "env": ENV}


@pytest.mark.parametrize(
    ("host", "changed"),
    [
        ("claude-code", {"env": {**ENV, "KEY": "${KEY}"}}),
        ("cursor", {"env": {**ENV, "KEY": "${env:KEY}"}}),
        ("windsurf", {"env": {**ENV, "KEY": "${env:KEY}"}}),
        ("opencode", {"environment": {"KEY": "{env:KEY}"}}),
        ("vscode", {"env": {**ENV, "KEY": "${input:KEY}"}}),
        ("codex", {"env_vars": ["KEY"]}),
        ("gemini", {}),
        ("goose", {"env_keys": ["KEY"]}),
    ],
)
def test_a_host_takes_a_secret_in_its_own_way(host: HostName, changed: dict[str, object]) -> None:
    secret = host_secret(host, "binance", ENTRY, "KEY")
    assert secret
    assert edit.entry_in(secret.file, HOSTS[host], "binance") == {**ENTRY, **changed}


def test_vscode_asks_for_a_password() -> None:
    secret = host_secret("vscode", "binance", ENTRY, "KEY")
    assert secret
    assert json.loads(secret.file)["inputs"] == [
        {"type": "promptString", "id": "KEY", "description": "KEY", "password": True}
    ]


def test_gemini_cli_asks_for_a_sensitive_setting_of_an_extension() -> None:
    secret = host_secret("gemini", "binance", ENTRY, "KEY")
    assert secret
    extension = json.loads(secret.file)
    setting = {"name": "KEY", "description": "KEY", "envVar": "KEY", "sensitive": True}
    assert (extension["name"], extension["settings"]) == ("binance", [setting])


def test_some_hosts_have_no_way() -> None:
    without = [name for name in HOSTS if host_secret(name, "binance", ENTRY, "KEY") is None]
    assert without == ["claude-desktop", "zed", "lm-studio"]
