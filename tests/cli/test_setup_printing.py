"""What the command prints instead of writing, or besides."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from binance_mcp.hosts.host import HOSTS, HostName
from tests.cli.host_files import file_of

Run = Callable[..., object]
Capture = pytest.CaptureFixture[str]
pytestmark = pytest.mark.usefixtures("home")

every_host = pytest.mark.parametrize("name", HOSTS)


@every_host
def test_no_credential_is_written_or_printed(
    run: Run, name: HostName, capsys: Capture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("BINANCE_API_KEY", "the-credential")
    monkeypatch.setenv("BINANCE_API_SECRET", "the-credential")
    for option in ((), ("--print",), ("--environment", "demo", "--yes"), ("--remove",)):
        assert run("setup", name, *option) == 0
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) == 3
    assert [path for path in files if "the-credential" in path.read_text("utf-8")] == []
    assert "the-credential" not in "".join(capsys.readouterr())


@every_host
def test_print_shows_what_belongs_where_and_writes_nothing(
    run: Run, name: HostName, capsys: Capture, tmp_path: Path
) -> None:
    assert run("setup", name, "--print") == 0
    out, err = capsys.readouterr()
    first, *_ = out.partition("\n\n")
    assert first == f"{HOSTS[name].title} reads {file_of(name)}, where this belongs:"
    assert "`binance-mcp login` keeps the API key in the system's keychain." in out
    assert "BINANCE_API_KEY" in out or name in {"claude-desktop", "zed", "lm-studio"}
    assert ("with this link:" in out) == (name in {"cursor", "vscode", "lm-studio"})
    assert (err, list(tmp_path.iterdir())) == ("", [])


@pytest.mark.parametrize("option", ["--url=http://localhost/mcp", "--environment=sandbox"])
def test_print_shows_no_way_for_credentials_that_are_not_needed(
    run: Run, option: str, capsys: Capture
) -> None:
    assert run("setup", "codex", "--print", option) == 0
    out = capsys.readouterr().out
    assert out.startswith("Codex reads ")
    assert "API" not in out


def test_a_project_has_no_link(run: Run, capsys: Capture) -> None:
    assert run("setup", "cursor", "--print", "--project") == 0
    assert "cursor://" not in capsys.readouterr().out


def test_without_a_host_all_are_listed_with_their_state(
    run: Run, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    assert run("setup", "opencode") == run("setup", "goose") == run("setup", "codex") == 0
    theirs = {"command": sys.executable, "args": ["-m", "theirs"], "timeout": 5}
    file_of("cursor", json.dumps({"mcpServers": {"binance": theirs}}).encode())
    file_of("gemini", b"{")
    file_of("windsurf", b"{}")
    capsys.readouterr()
    assert run("setup") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["host", "here", "binance", "file"]
    states: dict[HostName, str] = {
        "cursor": "yes another",
        "codex": "yes yes",
        "gemini": "yes unreadable",
        "windsurf": "yes no",
        "goose": "yes yes",
        "opencode": "yes yes",
    }
    assert [" ".join(line.split(maxsplit=3)) for line in lines[1:12]] == [
        f"{name} {states.get(name, 'no no')} {file_of(name)}" for name in HOSTS
    ]
    assert lines[12:] == ["", "To add it: binance-mcp setup HOST"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("--remove", "setup: must be followed by a host, one of claude-desktop, claude-code,"),
        ("moon", "--host: must be 'claude-desktop', 'claude-code',"),
        ("zed --name 1", "--name: must be a letter, and then letters, digits, - or _"),
        ("zed --url ftp://x", "--url: must start with https:// (http:// only for this machine)"),
        ("zed --url https://a:b@c", "--url: must be a plain URL such as https://host"),
        ("zed --url https://c --environment demo", "--environment: is the service's own"),
        ("claude-desktop --url https://c", "--url: Claude Desktop reads no URL from its file"),
        ("goose --project", "--project: Goose has no file for a project"),
    ],
)
def test_options_that_do_not_fit_are_refused(
    run: Run, arguments: str, told: str, capsys: Capture, tmp_path: Path
) -> None:
    assert run("setup", *arguments.split()) == 2
    out, err = capsys.readouterr()
    assert (out, list(tmp_path.iterdir())) == ("", [])
    assert err.startswith(f"binance-mcp: {told}")
