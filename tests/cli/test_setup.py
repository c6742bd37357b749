import io
import json
import os
import sys
from codecs import BOM_UTF8
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from binance_mcp.hosts import edit
from binance_mcp.hosts.host import HOSTS, Host, HostName
from tests.cli.host_files import entry, file_of

Run = Callable[..., object]
Capture = pytest.CaptureFixture[str]
pytestmark = pytest.mark.usefixtures("home")

posix = pytest.mark.skipif(os.name != "posix", reason="needs symbolic links")
every_host = pytest.mark.parametrize("name", HOSTS)

OTHER: Final = {"command": "theirs", "note": "é"}
MALFORMED: Final = {"json": '{"a": ', "toml": "a = \n", "yaml": "a: [\n"}


def typical(host: Host) -> dict[str, bytes]:
    """Return files as people have them."""
    other = edit.alone(host, "other", OTHER)
    commented = {"json": "// mine\n{}/* mine */\n"}.get(host.language, "# mine\n{}# mine\n")
    return {
        "empty": b"",
        "other servers": other.encode(),
        "comments": commented.replace("{}", other).encode(),
        "byte-order mark": BOM_UTF8 + other.encode(),
        "CRLF": other.replace("\n", "\r\n").encode(),
    }


@every_host
@pytest.mark.parametrize("kind", ["empty", "other servers", "comments", "byte-order mark", "CRLF"])
def test_the_server_is_added_again_and_removed_and_everything_else_stays(
    run: Run, name: HostName, kind: str
) -> None:
    content = typical(HOSTS[name])[kind]
    path = file_of(name, content)
    other = entry(name, "other")

    assert run("setup", name) == 0
    added = path.read_bytes()
    assert sys.executable in json.dumps(entry(name))
    assert entry(name, "other") == other
    assert b"\n" not in added.replace(b"\r\n", b"") or kind != "CRLF"
    assert added.startswith(BOM_UTF8) == (kind == "byte-order mark")
    assert added.count(b"mine") == content.count(b"mine")

    assert run("setup", name) == 0
    assert path.read_bytes() == added

    assert run("setup", "--remove", name) == 0
    assert entry(name) is None
    assert path.read_bytes() == content or kind == "empty"
    backups = sorted(path.parent.glob(f"{path.name}.*.bak"))
    assert [backup.read_bytes() for backup in backups] == [content, added]


@every_host
def test_a_missing_file_is_made(run: Run, name: HostName, capsys: Capture) -> None:
    assert run("setup", name) == 0
    assert sys.executable in json.dumps(entry(name))
    out, err = capsys.readouterr()
    assert out.startswith(f'{HOSTS[name].title}: "binance" is now in {file_of(name)}\n')
    assert HOSTS[name].reload in out
    assert "`binance-mcp login` asks for it" in out
    assert err == ""


@every_host
@pytest.mark.parametrize("option", [(), ("--remove",)])
def test_a_malformed_file_is_left_alone_and_the_entry_is_printed(
    run: Run, name: HostName, option: tuple[str, ...], capsys: Capture
) -> None:
    path = file_of(name, MALFORMED[HOSTS[name].language].encode())
    assert run("setup", name, *option) == 1
    assert path.read_text() == MALFORMED[HOSTS[name].language]
    assert list(path.parent.iterdir()) == [path]
    out, err = capsys.readouterr()
    assert err.startswith(f"binance-mcp: {path}: it is not ")
    assert err.endswith(": it is left as it is\n")
    by_hand = f'To do it by hand: take "binance" out of "{HOSTS[name].section}".\n'
    assert out == by_hand if option else out.startswith(f"{HOSTS[name].title} reads {path}, ")


@every_host
def test_a_read_only_file_is_left_alone(run: Run, name: HostName, capsys: Capture) -> None:
    path = file_of(name, edit.alone(HOSTS[name], "other", OTHER).encode())
    path.chmod(0o400)
    assert run("setup", name) == 1
    assert entry(name) is None
    assert f"{path}: it is read-only: it is left as it is\n" in capsys.readouterr().err
    path.chmod(0o600)


@posix
@every_host
def test_a_symbolic_link_is_followed_and_stays_one(
    run: Run, name: HostName, tmp_path: Path
) -> None:
    target = tmp_path / "dotfiles"
    target.write_text(edit.alone(HOSTS[name], "other", OTHER), "utf-8")
    path = file_of(name)
    path.parent.mkdir(parents=True)
    path.symlink_to(target)
    assert run("setup", name) == 0
    assert (path.is_symlink(), entry(name, "other")) == (True, OTHER)
    assert sys.executable in target.read_text("utf-8")


@every_host
def test_another_entry_of_that_name_is_replaced_only_with_consent(
    run: Run, name: HostName, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = edit.alone(HOSTS[name], "binance", {"command": "theirs", "key": "secret"})
    path = file_of(name, theirs.encode())
    for answer in ("", "n\n", "no\n", "\n"):
        monkeypatch.setattr(sys, "stdin", io.StringIO(answer))
        assert run("setup", name) == 1
        assert path.read_text() == theirs
    assert list(path.parent.iterdir()) == [path]
    out, err = capsys.readouterr()
    assert "secret" not in out + err
    assert f'"binance" in {path} differs in: ' in err
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    assert run("setup", name) == 0
    assert sys.executable in json.dumps(entry(name))


def test_without_standard_input_nothing_is_replaced(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    file_of("cursor", b'{"mcpServers": {"binance": 1}}')
    monkeypatch.setattr(sys, "stdin", None)
    assert run("setup", "cursor") == 1
    assert entry("cursor") == 1


def test_consent_may_be_given_beforehand(run: Run) -> None:
    file_of("cursor", b'{"mcpServers": {"binance": 1}}')
    assert run("setup", "cursor", "--yes") == 0
    assert entry("cursor") != 1


def test_comments_that_the_host_may_not_read_are_told_of(run: Run, capsys: Capture) -> None:
    file_of("cursor", b"{} // mine")
    assert run("setup", "cursor") == 0
    told = "It has comments or a comma too many; Cursor may be unable to read it.\n"
    assert capsys.readouterr().err == told


def test_the_environment_is_set_in_the_entry(run: Run, capsys: Capture) -> None:
    assert run("setup", "cursor", "--environment", "demo", "--name", "trial") == 0
    added = entry("cursor", "trial")
    assert isinstance(added, dict)
    assert added["env"] == {"BINANCE_ENVIRONMENT": "demo"}
    assert "`binance-mcp login --environment demo`" in capsys.readouterr().out


def test_the_sandbox_needs_no_login(run: Run, capsys: Capture) -> None:
    assert run("setup", "cursor", "--environment", "sandbox") == 0
    assert "login" not in capsys.readouterr().out


def test_a_service_is_added_by_its_url(run: Run, capsys: Capture) -> None:
    assert run("setup", "gemini", "--url", "http://127.0.0.1:8000/mcp") == 0
    assert entry("gemini") == {"httpUrl": "http://127.0.0.1:8000/mcp"}
    assert "login" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("claude-code", ".mcp.json"),
        ("cursor", ".cursor/mcp.json"),
        ("vscode", ".vscode/mcp.json"),
        ("codex", ".codex/config.toml"),
        ("gemini", ".gemini/settings.json"),
        ("zed", ".zed/settings.json"),
        ("opencode", "opencode.json"),
    ],
)
def test_a_project_has_a_file_of_its_own(run: Run, name: HostName, file: str) -> None:
    assert run("setup", name, "--project") == 0
    assert edit.entry_in(Path(file).read_text("utf-8"), HOSTS[name], "binance")
    assert not file_of(name).exists()


def test_removing_what_is_not_there_changes_nothing(run: Run, capsys: Capture) -> None:
    path = file_of("codex", b"a = 1 # mine\n")
    assert run("setup", "--remove", "codex") == 0
    assert capsys.readouterr() == (f'Codex: there is no "binance" in {path}\n', "")
    assert list(path.parent.iterdir()) == [path]
