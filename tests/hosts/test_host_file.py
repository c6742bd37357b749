import os
import stat
import subprocess
import sys
from codecs import BOM_UTF8
from pathlib import Path
from typing import Final

import pytest

from binance_mcp.errors import HostFileError
from binance_mcp.hosts.host_file import HostFile, read, write

posix = pytest.mark.skipif(os.name != "posix", reason="needs symbolic links and modes")

ENDED: Final = 42
CRASHING: Final = f"""
import os, sys
from pathlib import Path
from binance_mcp.hosts.host_file import read, write

def crash(event, arguments):
    if event == sys.argv[2]:
        os._exit({ENDED})

file = read(Path(sys.argv[1]))
sys.addaudithook(crash)
write(file, "new")
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "host" / "mcp.json"
    path.parent.mkdir()
    path.write_bytes(b"old")
    return path


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_missing_file_is_written_with_its_folders_and_without_a_backup(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "mcp.json"
    file = read(path)
    assert (file.text, write(file, "new\r\n")) == ("", None)
    assert (path.read_bytes(), names_in(path.parent)) == (b"new\r\n", ["mcp.json"])


def test_what_a_file_was_is_kept_beside_it_with_the_date(path: Path) -> None:
    backup = write(read(path), "new")
    assert backup
    assert (path.read_bytes(), backup.read_bytes()) == (b"new", b"old")
    assert names_in(path.parent) == ["mcp.json", backup.name]
    assert backup.match("mcp.json.20*.bak")


@posix
def test_file_and_backup_have_the_mode_of_the_file(path: Path) -> None:
    path.chmod(0o640)
    backup = write(read(path), "new")
    assert backup
    assert {stat.S_IMODE(file.stat().st_mode) for file in (path, backup)} == {0o640}


@posix
def test_a_new_file_is_for_its_owner_only(tmp_path: Path) -> None:
    write(read(tmp_path / "mcp.json"), "new")
    assert stat.S_IMODE((tmp_path / "mcp.json").stat().st_mode) == 0o600


def test_a_byte_order_mark_is_no_text_and_is_kept(path: Path) -> None:
    path.write_bytes(BOM_UTF8 + b"old")
    file = read(path)
    write(file, "new")
    assert (file.text, path.read_bytes()) == ("old", BOM_UTF8 + b"new")


@posix
def test_a_symbolic_link_is_followed_and_stays_one(path: Path, tmp_path: Path) -> None:
    link = tmp_path / "mcp.json"
    link.symlink_to(path)
    backup = write(read(link), "new")
    assert backup
    assert (link.is_symlink(), path.read_bytes(), backup.parent) == (True, b"new", path.parent)
    assert names_in(tmp_path) == ["host", "mcp.json"]


@posix
def test_a_symbolic_link_to_nothing_gets_its_file(tmp_path: Path) -> None:
    link, target = tmp_path / "link", tmp_path / "dotfiles" / "mcp.json"
    link.symlink_to(target)
    write(read(link), "new")
    assert (link.is_symlink(), target.read_bytes()) == (True, b"new")


@posix
def test_a_symbolic_link_to_itself_is_refused(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(link)
    with pytest.raises(HostFileError):
        read(link)


def test_a_read_only_file_is_left_alone(path: Path) -> None:
    path.chmod(0o400)
    with pytest.raises(HostFileError, match=r"^it is read-only$"):
        write(read(path), "new")
    assert (path.read_bytes(), names_in(path.parent)) == (b"old", ["mcp.json"])
    path.chmod(0o600)


def test_a_file_with_several_names_is_left_alone(path: Path) -> None:
    (path.parent / "other").hardlink_to(path)
    with pytest.raises(HostFileError, match=r"^it has several names \(hard links\)$"):
        write(read(path), "new")
    assert path.read_bytes() == b"old"


@pytest.mark.parametrize("read_before", [b"older", None])
def test_what_another_program_wrote_meanwhile_is_not_overwritten(
    path: Path, read_before: bytes | None
) -> None:
    with pytest.raises(HostFileError, match=r"^another program has changed it meanwhile$"):
        write(HostFile(path, read_before), "new")
    assert (path.read_bytes(), names_in(path.parent)) == (b"old", ["mcp.json"])


def test_a_file_in_another_encoding_is_refused(path: Path) -> None:
    path.write_text("old", encoding="utf-16")
    with pytest.raises(HostFileError, match=r"^it is not UTF-8$"):
        _ = read(path).text


def test_a_text_that_utf_8_lacks_is_not_written(path: Path) -> None:
    with pytest.raises(HostFileError, match=r"^the entry is not UTF-8$"):
        write(read(path), "\udcff")
    assert path.read_bytes() == b"old"


def test_what_is_not_a_regular_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(HostFileError):
        read(tmp_path)


def test_a_file_in_place_of_the_folder_is_refused(path: Path) -> None:
    with pytest.raises(HostFileError):
        write(HostFile(path / "mcp.json", None), "new")


def test_an_enormous_file_is_refused(path: Path) -> None:
    os.truncate(path, 64 * 1024 * 1024 + 1)
    with pytest.raises(HostFileError, match=r"^it is larger than 64 MiB$"):
        read(path)


@pytest.mark.parametrize("event", ["open", "os.mkdir", "os.rename"])
def test_a_crash_in_the_middle_leaves_the_old_file(path: Path, event: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", CRASHING, str(path), event], check=False, timeout=60
    )
    assert (ended.returncode, path.read_bytes()) == (ENDED, b"old")
    write(read(path), "new")
    assert path.read_bytes() == b"new"
