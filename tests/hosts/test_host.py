import os
from pathlib import Path
from typing import get_args

import pytest

from binance_mcp.hosts.host import HOSTS, HostName
from binance_mcp.hosts.machine import Machine

FILES = {
    "linux": {
        "claude-desktop": ".config/Claude/claude_desktop_config.json",
        "claude-code": ".claude.json",
        "cursor": ".cursor/mcp.json",
        "vscode": ".config/Code/User/mcp.json",
        "codex": ".codex/config.toml",
        "gemini": ".gemini/settings.json",
        "windsurf": ".codeium/windsurf/mcp_config.json",
        "zed": ".config/zed/settings.json",
        "lm-studio": ".lmstudio/mcp.json",
        "goose": ".config/goose/config.yaml",
        "opencode": ".config/opencode/opencode.json",
    },
    "darwin": {
        "claude-desktop": "Library/Application Support/Claude/claude_desktop_config.json",
        "vscode": "Library/Application Support/Code/User/mcp.json",
        "zed": ".config/zed/settings.json",
        "goose": ".config/goose/config.yaml",
    },
    "win32": {
        "claude-desktop": "AppData/Roaming/Claude/claude_desktop_config.json",
        "vscode": "AppData/Roaming/Code/User/mcp.json",
        "zed": "AppData/Roaming/Zed/settings.json",
        "goose": "AppData/Roaming/Block/goose/config/config.yaml",
        "opencode": ".config/opencode/opencode.json",
    },
}


def test_every_name_is_a_host() -> None:
    assert list(HOSTS) == list(get_args(HostName))


@pytest.mark.parametrize("platform", FILES)
def test_every_host_keeps_its_servers_where_the_platform_has_them(
    platform: str, tmp_path: Path
) -> None:
    machine = Machine(tmp_path, platform, {})
    files = {str(name): host.file(machine) for name, host in HOSTS.items()}
    expected = FILES["linux"] | FILES[platform] if platform == "linux" else FILES[platform]
    assert {name: files[name] for name in expected} == {
        name: tmp_path / file for name, file in expected.items()
    }


def test_the_file_that_exists_is_taken(tmp_path: Path) -> None:
    file = tmp_path / ".config" / "opencode" / "opencode.jsonc"
    file.parent.mkdir(parents=True)
    file.touch()
    assert HOSTS["opencode"].file(Machine(tmp_path, "linux", {})) == file


@pytest.mark.parametrize("name", HOSTS)
def test_a_host_is_here_once_there_are_signs_of_it(name: HostName, tmp_path: Path) -> None:
    machine = Machine(tmp_path, "linux", {})
    assert not HOSTS[name].is_on(machine)
    file = HOSTS[name].file(machine)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch()
    assert HOSTS[name].is_on(machine)


def test_a_host_is_here_if_its_command_is(tmp_path: Path) -> None:
    program = tmp_path / ("codex.exe" if os.name == "nt" else "codex")
    program.touch(0o700)
    assert HOSTS["codex"].is_on(Machine(tmp_path / "home", "linux", {"PATH": str(tmp_path)}))
