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


def test_without_an_env_file_there_is_no_notice() -> None:
    assert (found(), notices()) == ({}, ())


def test_a_found_env_file_is_read_if_only_it_has_the_api_key() -> None:
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
def test_a_found_env_file_is_ignored_if_the_environment_has_a_credential(variable: str) -> None:
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
def test_a_found_env_file_without_an_api_key_is_ignored(text: str) -> None:
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
def test_a_found_env_file_without_our_variables_is_ignored_silently(content: bytes) -> None:
    Path(".env").write_bytes(content)
    assert (found(), notices()) == ({}, ())


def test_variables_in_env_file_values_are_not_expanded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_OF_OTHERS", "of others")
    write("BINANCE_API_KEY=${SECRET_OF_OTHERS}\nBINANCE_REST_URL=https://a/${SECRET_OF_OTHERS}\n")
    assert found() == {
        "BINANCE_API_KEY": "${SECRET_OF_OTHERS}",
        "BINANCE_REST_URL": "https://a/${SECRET_OF_OTHERS}",
    }


def test_invalid_env_file_lines_are_reported_with_their_numbers(
    caplog: pytest.LogCaptureFixture,
) -> None:
    path = write('BINANCE_API_KEY=key\nBINANCE_API_SECRET="cut off\n' + "\n=\n" * 9)
    ignored = "is ignored: it is not NAME=value"
    assert notices()[1:] == tuple(
        Notice(logging.WARNING, f"{path}, line {line} {ignored}") for line in (2, 4, 6)
    )
    assert caplog.records == []


@posix
def test_an_env_file_notice_is_one_line_for_any_directory_name(tmp_path: Path) -> None:
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
def test_a_found_env_file_that_is_not_utf8_is_ignored(encoding: str) -> None:
    Path(".env").write_bytes("BINANCE_API_KEY=cl\xe9".encode(encoding))
    assert ignored_because() == "it is not UTF-8 text"


def test_a_found_env_file_that_is_too_large_is_ignored() -> None:
    write("BINANCE_API_KEY=key\n" + "#" * 1024 * 1024)
    assert ignored_because() == "it is larger than 1 MiB"


@posix
def test_a_directory_named_dot_env_is_ignored() -> None:
    Path(".env").mkdir()
    assert ignored_because() == "it cannot be read: it is not a regular file"


@posix
def test_a_fifo_named_dot_env_is_ignored_without_blocking() -> None:
    os.mkfifo(".env")
    assert ignored_because() == "it cannot be read: it is not a regular file"


@pytest.mark.skipif(not UNREADABLE.exists(), reason="needs a file that cannot be read even by root")
def test_a_found_env_file_that_cannot_be_read_is_ignored() -> None:
    Path(".env").symlink_to(UNREADABLE)
    assert ignored_because().startswith("it cannot be read: ")


@posix
def test_a_deleted_working_directory_has_no_env_file(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    os.chdir(gone)
    gone.rmdir()
    assert (found(), notices()) == ({}, ())


def test_a_named_env_file_is_always_read() -> None:
    named = write("BINANCE_MCP_PORT=1\nBINANCE_REST_URL=\nBINANCE_API_SECRET\n", "settings")
    write(WHOLE)
    file = load_env_file(named, {"BINANCE_API_KEY": "key"}, KNOWN)
    assert (file.values, file.notices) == ({"BINANCE_MCP_PORT": "1"}, ())


def test_a_byte_order_mark_in_an_env_file_is_ignored() -> None:
    Path("settings").write_text("BINANCE_MCP_PORT=1\n", "utf-8-sig")
    assert load_env_file(Path("settings"), {}, KNOWN).values == {"BINANCE_MCP_PORT": "1"}


def test_an_env_file_value_may_have_several_lines() -> None:
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
def test_an_unusable_named_env_file_is_an_error_with_its_path(name: str, told: str) -> None:
    Path("latin").write_bytes(b"BINANCE_API_KEY=cl\xe9")
    Path("nul").write_bytes(b"BINANCE_API_KEY=\0")
    Path("folder").mkdir()
    with pytest.raises(SettingsError) as failed:
        load_env_file(Path(name), {}, KNOWN)
    assert str(failed.value) == f"BINANCE_MCP_ENV_FILE: {told.format(here=Path.cwd())}"


@posix
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644])
def test_an_env_file_with_a_secret_that_other_users_may_read_is_warned_of(mode: int) -> None:
    path = write(WHOLE, mode=mode)
    assert notices()[1:] == (
        Notice(
            logging.WARNING,
            f"{path} has a secret and other users may read it; run: chmod 600 {path}",
        ),
    )


@posix
def test_an_env_file_without_a_secret_may_be_readable_by_other_users() -> None:
    named = write("BINANCE_MCP_PORT=1\n", "settings", mode=0o644)
    assert load_env_file(named, {}, KNOWN).notices == ()


@pytest.mark.parametrize(
    ("value", "unset"),
    [("", True), (" \t", True), ("${user_config.key}", True), ("0", False), (None, False)],
)
def test_blank_values_and_placeholders_count_as_unset(value: object, *, unset: bool) -> None:
    assert is_unset(value) is unset
