"""What the shells themselves suggest, where they are installed."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from threading import Timer
from typing import Final, get_args

import pytest

from binance_mcp.cli.arguments import parse
from binance_mcp.cli.completion import Shell
from tests.cli.processes import COMMAND

Suggest = Callable[[str], list[str]]

needs_zsh = pytest.mark.skipif(shutil.which("zsh") is None, reason="zsh is not installed")

BASH: Final = """
source completion
COMP_LINE=$1 COMP_POINT=${#1}
read -ra COMP_WORDS <<< "$1"
[[ $1 == *" " ]] && COMP_WORDS+=("")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
made=($(complete -p binance-mcp))
${made[${#made[@]} - 2]} binance-mcp "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\\n' "${COMPREPLY[@]}"
"""
FISH: Final = "source completion; complete -C $argv[1]"
SHELLS: Final = {
    "bash": ["bash", "--norc", "-c", BASH, "-"],
    "fish": ["fish", "--no-config", "-c", FISH],
}


def script(shell: str) -> str:
    made = subprocess.run(
        [*COMMAND, "completion", shell], capture_output=True, check=True, text=True, timeout=60
    )
    assert made.stderr == ""
    return made.stdout


@pytest.fixture(params=SHELLS)
def suggest(request: pytest.FixtureRequest) -> Suggest:
    """Return what a shell suggests for a line that is typed up to its end."""
    shell = str(request.param)
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    Path("completion").write_text(script(shell), "utf-8")

    def suggest(line: str) -> list[str]:
        asked = subprocess.run(
            [*SHELLS[shell], line], capture_output=True, check=True, text=True, timeout=60
        )
        assert asked.stderr == ""
        return sorted(each.partition("\t")[0] for each in asked.stdout.split("\n") if each)

    return suggest


def test_a_shell_suggests_every_command_that_the_help_names(
    suggest: Suggest, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        parse(["--help"])
    listed = capsys.readouterr().out.partition("{")[2].partition("}")[0].split(",")
    assert "policy" in listed
    assert suggest("binance-mcp ") == sorted(listed)


def test_a_shell_suggests_commands_of_commands_and_options(suggest: Suggest) -> None:
    assert suggest("binance-mcp pol") == ["policy"]
    assert {"check", "explain", "show", "test"} <= set(suggest("binance-mcp policy "))
    assert suggest("binance-mcp policy check --s") == ["--strict"]
    assert suggest("binance-mcp http --po") == ["--port"]


def test_a_shell_suggests_the_values_that_an_argument_may_have(suggest: Suggest) -> None:
    assert suggest("binance-mcp completion ") == sorted(get_args(Shell))


@pytest.mark.parametrize(
    "command", ["policy check", "policy explain", "audit verify", "--env-file", "http --env-file"]
)
def test_a_shell_suggests_files_where_a_file_is_wanted(suggest: Suggest, command: str) -> None:
    Path("settings.json").touch()
    assert suggest(f"binance-mcp {command} set") == ["settings.json"]


@needs_zsh
@pytest.mark.parametrize(
    ("typed", "completed"),
    [("pol", "policy "), ("policy che", "check "), ("completion fi", "fish ")],
)
def test_zsh_completes_commands_and_values(typed: str, completed: str) -> None:
    Path("completion").write_text(script("zsh"), "utf-8")
    Path(".zshrc").write_text(
        'autoload -U compinit; compinit -u -D; eval "$(<completion)"; PS1="ready> "', "utf-8"
    )
    ours, its = os.openpty()
    with subprocess.Popen(
        ["zsh", "-i"],  # noqa: S607  # whichever is installed
        env=os.environ | {"ZDOTDIR": str(Path.cwd()), "TERM": "dumb"},
        stdin=its,
        stdout=its,
        stderr=its,
        start_new_session=True,
    ) as process:
        os.close(its)
        deadline = Timer(60, process.kill)
        deadline.start()
        try:
            _read_until("ready> ", ours)
            os.write(ours, f"binance-mcp {typed}\t".encode())
            _read_until(completed, ours)
        finally:
            deadline.cancel()
            process.kill()
            os.close(ours)


def _read_until(wanted: str, terminal: int) -> None:
    seen = ""
    while wanted not in seen:
        seen += os.read(terminal, 4096).decode()


def test_the_script_for_powershell_has_every_command() -> None:
    made = script("powershell")
    assert [name for name in ("policy", "http", "completion") if f"'{name}'" not in made] == []
