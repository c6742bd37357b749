import re
from collections.abc import Callable
from importlib.metadata import version

import pytest

from binance_mcp.cli.arguments import parse
from binance_mcp.cli.http import Http
from binance_mcp.cli.stdio import Stdio
from binance_mcp.errors import SettingsError

Run = Callable[..., object]


def test_the_version_is_that_of_the_distribution(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--version") == 0
    assert capsys.readouterr() == (version("binance-listen-key-mcp") + "\n", "")


def test_the_help_names_every_command_and_the_exit_codes(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--help") == 0
    out, err = capsys.readouterr()
    assert re.findall(r"^    (\w+) +[A-Z]", out, re.MULTILINE) == [
        "login",
        "logout",
        "setup",
        "http",
        "policy",
        "audit",
        "sandbox",
        "demo",
        "completion",
        "doctor",
    ]
    assert "--version" in out
    assert "\nExit codes: 0 " in out
    assert err == ""


@pytest.mark.parametrize(
    "command",
    [
        "setup",
        "policy check",
        "policy explain",
        "policy show",
        "policy test",
        "audit verify",
        "doctor",
    ],
)
def test_the_help_of_a_command_that_may_fail_lists_its_exit_codes(
    run: Run, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    assert run(*command.split(), "--help") == 0
    assert "\nExit codes: 0 " in capsys.readouterr().out


def test_arguments_are_parsed_to_a_command() -> None:
    assert parse(["http", "--port", "1"]) == Http(host=None, port=1)
    assert parse([]) == Stdio()


def test_an_unknown_command_is_a_usage_error(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("moon") == 2
    out, err = capsys.readouterr()
    assert re.match(r"usage: [^:]*\nbinance-mcp: error: .*'moon'.*\n\Z", err)
    assert out == ""


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("http --port x", "--port: must be a whole number"),
        ("http --port 65536", "BINANCE_MCP_PORT: must be at most 65535"),
        ("sandbox --port x", "--port: must be a whole number"),
        ("sandbox --port -1", "--port: must be at least 0"),
        ("sandbox --port 65536", "--port: must be at most 65535"),
        ("sandbox --listen-key-seconds x", "--listen-key-seconds: must be a number"),
        ("sandbox --listen-key-seconds 0", "--listen-key-seconds: must be above 0"),
        ("sandbox --listen-key-seconds nan", "--listen-key-seconds: must be a finite number"),
        ('policy test f --call {"name":"A"} --repeat 0', "--repeat: must be at least 1"),
        ('policy test f --call {"name":"A"} --every -1', "--every: must be at least 0"),
        ("policy", "policy: must be followed by a command: check, explain, show, diff, test"),
        ("audit", "audit: must be followed by a command: verify"),
    ],
)
def test_an_invalid_argument_is_reported_in_one_line(
    run: Run, capsys: pytest.CaptureFixture[str], arguments: str, told: str
) -> None:
    assert run(*arguments.split()) == 2
    assert capsys.readouterr() == ("", f"binance-mcp: {told}\n")


def test_an_environment_variable_does_not_choose_the_command(
    run: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VERSION", "true")
    monkeypatch.setenv("BINANCE_MCP_PORT", "http")
    assert run("sandbox") == 2
    assert capsys.readouterr() == ("", "binance-mcp: BINANCE_MCP_PORT: must be a whole number\n")


def test_env_file_option_may_stand_before_or_after_the_command() -> None:
    assert parse(["--env-file", "settings"]) == Stdio(env_file="settings")
    assert parse(["--env-file", "settings", "http"]) == Http(
        env_file="settings", host=None, port=None
    )
    assert parse(["http", "--env-file", "settings"]) == Http(
        env_file="settings", host=None, port=None
    )


def test_env_file_option_is_only_for_commands_that_serve_mcp() -> None:
    with pytest.raises(SettingsError, match="--env-file: is only for the commands that serve MCP"):
        parse(["--env-file", "settings", "demo"])
