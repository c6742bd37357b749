import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

from binance_mcp.env_file import Notice, is_unset, load_env_file
from binance_mcp.errors import SettingsError

KNOWN: Final = ("BINANCE_API_KEY", "BINANCE_API_SECRET", "BINANCE_REST_URL", "BINANCE_MCP_PORT")
WHOLE: Final = "# the account\nBINANCE_API_KEY='key'\nBINANCE_REST_URL=https://other\nOTHER=1\n"
UNREADABLE: Final = Path("/proc/self/mem")
posix: Final = pytest.mark.skipif(os.name != "posix", reason="needs POSIX files and modes")


def write(text: str, path: str = ".env", mode: int = 0o600) -> Path:
    file = Path(path)
    file.write_text(text, "utf-8")
    file.chmod(mode)
    return file.absolute()


def found(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    return dict(load_env_file(None, environment or {}, KNOWN).values)


def notices(environment: Mapping[str, str] | None = None) -> tuple[Notice, ...]:
    return load_env_file(None, environment or {}, KNOWN).notices


def test_without_a_file_nothing_is_said() -> None:
    assert (found(), notices()) == ({}, ())


def test_a_file_found_counts_if_it_brings_the_api_key_and_the_environment_none() -> None:
    path = write(WHOLE)
    assert found({"BINANCE_MCP_PORT": "1"}) == {
        "BINANCE_API_KEY": "key",
        "BINANCE_REST_URL": "https://other",
    }
    assert notices() == (Notice(logging.INFO, f"settings are read from {path}"),)


@pytest.mark.parametrize(
    "variable",
    ["BINANCE_API_KEY", "BINANCE_API_SECRET", "BINANCE_PRIVATE_KEY", "BINANCE_PRIVATE_KEY_FILE"],
)
def test_it_is_ignored_as_a_whole_if_the_environment_brings_a_credential(variable: str) -> None:
    path = write(WHOLE)
    assert found({variable: "set"}) == {}
    assert notices({variable: "set"}) == (
        Notice(
            logging.WARNING,
            f"{path} is ignored: the environment has a credential; "
            "name it in BINANCE_MCP_ENV_FILE to use it",
        ),
    )


@pytest.mark.parametrize(
    "text",
    ["BINANCE_REST_URL=https://other\n", "BINANCE_REST_URL=https://other\nBINANCE_API_KEY=\n"],
)
def test_it_is_ignored_if_it_brings_no_api_key(text: str) -> None:
    path = write(text)
    assert found() == {}
    assert notices() == (
        Notice(
            logging.WARNING,
            f"{path} is ignored: it does not have BINANCE_API_KEY; "
            "name it in BINANCE_MCP_ENV_FILE to use it",
        ),
    )


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"API_KEY=of another service\n",
        b"# BINANCE_API_KEY=\nBINANCE_OF_OTHERS=1\nBINANCE_API_KEY=\n",
        b"caf\xe9 that is no setting\n",
    ],
)
def test_a_file_found_that_sets_nothing_of_ours_is_not_spoken_of(content: bytes) -> None:
    Path(".env").write_bytes(content)
    assert (found(), notices()) == ({}, ())


def test_no_other_variable_becomes_a_part_of_a_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_OF_OTHERS", "of others")
    write("BINANCE_API_KEY=${SECRET_OF_OTHERS}\nBINANCE_REST_URL=https://a/${SECRET_OF_OTHERS}\n")
    assert found() == {
        "BINANCE_API_KEY": "${SECRET_OF_OTHERS}",
        "BINANCE_REST_URL": "https://a/${SECRET_OF_OTHERS}",
    }


def test_lines_that_are_no_settings_are_told_by_their_numbers(
    caplog: pytest.LogCaptureFixture,
) -> None:
    path = write('BINANCE_API_KEY=key\nBINANCE_API_SECRET="cut off\n' + "\n=\n" * 9)
    ignored = "is ignored: it is not NAME=value"
    assert notices()[1:] == tuple(
        Notice(logging.WARNING, f"{path}, line {line} {ignored}") for line in (2, 4, 6)
    )
    assert caplog.records == []


@posix
def test_whatever_a_folder_is_called_a_notice_is_one_line(tmp_path: Path) -> None:
    folder = tmp_path / "a\nERROR forged"
    folder.mkdir()
    os.chdir(folder)
    write("BINANCE_MCP_PORT=1\n")
    (notice,) = notices()
    assert notice.text.isprintable()
    assert "a\\nERROR forged/.env' is ignored" in notice.text


def ignored_because() -> str:
    assert found() == {}
    (notice,) = notices()
    assert notice.text.startswith(str(Path(".env").absolute()))
    return notice.text.split(": ", 1)[1].split(";")[0]


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_whatever_is_wrong_with_a_file_found_stops_nothing(encoding: str) -> None:
    Path(".env").write_bytes("BINANCE_API_KEY=cl\xe9".encode(encoding))
    assert ignored_because() == "it is not UTF-8 text"


def test_a_file_found_that_is_too_large_is_ignored() -> None:
    write("BINANCE_API_KEY=key\n" + "#" * 1024 * 1024)
    assert ignored_because() == "it is larger than 1 MiB"


@posix
def test_a_folder_found_is_ignored() -> None:
    Path(".env").mkdir()
    assert ignored_because() == "it cannot be read: it is not a regular file"


@posix
def test_a_fifo_found_is_ignored_and_not_waited_for() -> None:
    os.mkfifo(".env")
    assert ignored_because() == "it cannot be read: it is not a regular file"


@pytest.mark.skipif(not UNREADABLE.exists(), reason="needs a file that cannot be read even by root")
def test_a_file_found_that_cannot_be_read_is_ignored() -> None:
    Path(".env").symlink_to(UNREADABLE)
    assert ignored_because().startswith("it cannot be read: ")


@posix
def test_in_a_folder_that_is_gone_there_is_no_file(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    os.chdir(gone)
    gone.rmdir()
    assert (found(), notices()) == ({}, ())


def test_a_file_that_is_named_counts_whatever_it_brings() -> None:
    named = write("BINANCE_MCP_PORT=1\nBINANCE_REST_URL=\nBINANCE_API_SECRET\n", "settings")
    write(WHOLE)
    file = load_env_file(named, {"BINANCE_API_KEY": "key"}, KNOWN)
    assert (file.values, file.notices) == ({"BINANCE_MCP_PORT": "1"}, ())


def test_the_mark_that_some_editors_write_first_is_no_part_of_a_name() -> None:
    Path("settings").write_text("BINANCE_MCP_PORT=1\n", "utf-8-sig")
    assert load_env_file(Path("settings"), {}, KNOWN).values == {"BINANCE_MCP_PORT": "1"}


def test_a_value_may_have_lines() -> None:
    write('BINANCE_API_KEY=key\nBINANCE_API_SECRET="-----BEGIN\nEND-----"\n')
    assert found()["BINANCE_API_SECRET"] == "-----BEGIN\nEND-----"


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("missing", "{here}/missing: it cannot be read: No such file or directory"),
        ("latin", "{here}/latin: it is not UTF-8 text"),
        ("nul", "{here}/nul: it is not UTF-8 text"),
        ("folder", "{here}/folder: it cannot be read: it is not a regular file"),
        ("a\nb", "'{here}/a\\nb': it cannot be read: No such file or directory"),
        ("\0", "'{here}/\\x00': it is not the path of a file"),
        ("~nobody-of-this-name/x", "~nobody-of-this-name/x: it is not the path of a file"),
    ],
)
@posix
def test_a_file_that_is_named_and_cannot_be_used_is_an_error_with_its_path(
    name: str, told: str
) -> None:
    Path("latin").write_bytes(b"BINANCE_API_KEY=cl\xe9")
    Path("nul").write_bytes(b"BINANCE_API_KEY=\0")
    Path("folder").mkdir()
    with pytest.raises(SettingsError) as failed:
        load_env_file(Path(name), {}, KNOWN)
    assert str(failed.value) == f"BINANCE_MCP_ENV_FILE: {told.format(here=Path.cwd())}"


@posix
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644])
def test_a_secret_that_others_may_read_is_warned_of(mode: int) -> None:
    path = write(WHOLE, mode=mode)
    assert notices()[1:] == (
        Notice(
            logging.WARNING,
            f"{path} has a secret and other users may read it; run: chmod 600 {path}",
        ),
    )


@posix
def test_a_file_without_a_secret_may_be_read_by_others() -> None:
    named = write("BINANCE_MCP_PORT=1\n", "settings", mode=0o644)
    assert load_env_file(named, {}, KNOWN).notices == ()


@pytest.mark.parametrize(
    ("value", "unset"),
    [("", True), (" \t", True), ("${user_config.key}", True), ("0", False), (None, False)],
)
def test_what_counts_as_unset(value: object, *, unset: bool) -> None:
    assert is_unset(value) is unset
