import os
import stat
from pathlib import Path

import pytest

from binance_mcp.hosts.machine import Machine, this_machine

HOME = Path("home")


@pytest.mark.parametrize(
    ("platform", "variables", "data", "config"),
    [
        ("linux", {}, "home/.config", "home/.config"),
        ("linux", {"XDG_CONFIG_HOME": "xdg"}, "xdg", "xdg"),
        ("darwin", {}, "home/Library/Application Support", "home/.config"),
        ("win32", {}, "home/AppData/Roaming", "home/.config"),
        ("win32", {"APPDATA": "roaming"}, "roaming", "home/.config"),
    ],
)
def test_programs_keep_their_data_in_the_folder_of_the_platform(
    platform: str, variables: dict[str, str], data: str, config: str
) -> None:
    machine = Machine(HOME, platform, variables)
    assert machine.path("{data}/x") == Path(data, "x")
    assert machine.path("{config}/x") == Path(config, "x")


def test_variables_move_the_folders_of_claude_code_and_codex() -> None:
    fixed = Machine(HOME, "linux", {"CODEX_HOME": ""})
    assert [fixed.path(folder) for folder in ("{claude}", "{codex}")] == [HOME, HOME / ".codex"]
    moved = Machine(HOME, "linux", {"CLAUDE_CONFIG_DIR": "a", "CODEX_HOME": "b"})
    assert [moved.path(folder) for folder in ("{claude}", "{codex}")] == [Path("a"), Path("b")]


def test_a_program_is_looked_for_on_the_search_path(tmp_path: Path) -> None:
    program = tmp_path / ("zed.exe" if os.name == "nt" else "zed")
    program.touch(stat.S_IRWXU)
    assert Machine(HOME, "linux", {"PATH": str(tmp_path)}).has_program("zed")
    assert not Machine(HOME, "linux", {}).has_program("zed")


def test_this_machine_has_the_home_of_whoever_runs_it() -> None:
    assert this_machine().home == Path.home()
