import json
import logging
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from binance_mcp.audit.chain import START, seal
from binance_mcp.audit.file import TrailFile, trail_files
from binance_mcp.audit.verification import verify
from binance_mcp.errors import AuditError, BrokenTrailError
from tests.audit.obstacles import disk_full_at, locked, posix

KEY = b"a key"
ENTRY = '{"a":"é"}'
SIZE = len(seal(ENTRY, START, None)[0])
"""Of a record with one digit for its number."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "trail.jsonl"


def trail(path: Path, *, key: bytes | None = None, max_bytes: int = 1_000_000) -> TrailFile:
    return TrailFile(path, key=key, max_bytes=max_bytes, lock_attempts=1)


def write(path: Path, count: int, *, max_bytes: int = 1_000_000) -> None:
    file = trail(path, max_bytes=max_bytes)
    for _ in range(count):
        file.append(ENTRY)


def sequences(path: Path) -> list[int]:
    return [json.loads(line)["sequence"] for line in path.read_bytes().splitlines()]


def refusal(file: TrailFile) -> str:
    with pytest.raises(AuditError) as refused:
        file.append(ENTRY)
    return str(refused.value)


def test_records_are_appended_in_order(path: Path) -> None:
    write(path, 3)
    assert sequences(path) == [1, 2, 3]
    assert [json.loads(line)["a"] for line in path.read_bytes().splitlines()] == ["é"] * 3
    assert verify(path).records == 3


def test_check_creates_an_empty_trail_and_does_not_change_an_existing_one(path: Path) -> None:
    trail(path).check()
    assert path.read_bytes() == b""
    write(path, 1)
    before = path.read_bytes()
    trail(path).check()
    assert path.read_bytes() == before


@posix
def test_every_trail_file_has_permissions_for_its_owner_only(path: Path) -> None:
    write(path, 2, max_bytes=1)
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert modes == {"trail.jsonl": 0o600, "trail.jsonl.1": 0o600, "trail.jsonl.lock": 0o600}


@posix
@pytest.mark.parametrize("mode", [0o620, 0o602])
def test_a_trail_that_other_users_may_write_is_refused(path: Path, mode: int) -> None:
    write(path, 1)
    path.chmod(mode)
    assert refusal(trail(path)) == f"{path}: other users may write to it; run: chmod go-w"
    assert sequences(path) == [1]


@posix
def test_a_trail_that_other_users_may_read_is_written(path: Path) -> None:
    write(path, 1)
    path.chmod(0o644)
    write(path, 1)
    assert sequences(path) == [1, 2]


@posix
def test_a_device_is_refused_as_trail(path: Path) -> None:
    path.symlink_to("/dev/null")
    assert refusal(trail(path)) == f"{path}: it is not a regular file"


@posix
def test_a_directory_is_refused_as_trail(path: Path) -> None:
    path.mkdir()
    assert refusal(trail(path)) == f"{path}: Is a directory"


def test_a_missing_parent_directory_is_reported(path: Path) -> None:
    missing = path.parent / "missing" / "trail.jsonl"
    assert refusal(trail(missing)) == f"{missing}.lock: No such file or directory"


def test_a_new_process_continues_the_trail_of_the_last_one(path: Path) -> None:
    write(path, 2)
    write(path, 2)
    assert sequences(path) == [1, 2, 3, 4]
    assert verify(path).records == 4


def test_a_long_record_can_be_followed_by_another(path: Path) -> None:
    trail(path).append(f'{{"a":"{"x" * 32_000}"}}')
    path.write_bytes(path.read_bytes() + b"{" * 32_000)
    write(path, 1)
    assert verify(path).records == 2


def test_two_writers_continue_the_same_chain(path: Path) -> None:
    one, other = trail(path), trail(path)
    for file in (one, other, other, one, one, other):
        file.append(ENTRY)
    assert sequences(path) == [1, 2, 3, 4, 5, 6]
    assert verify(path).records == 6


WRITER = """
import pathlib, sys
from binance_mcp.audit.file import TrailFile

file = TrailFile(pathlib.Path(sys.argv[1]), key=None, max_bytes=10_000, lock_attempts=10_000)
for _ in range(40):
    file.append('{"a":1}')
"""


def test_concurrent_processes_that_write_and_rotate_make_one_unbroken_trail(path: Path) -> None:
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(path)]) for _ in range(3)]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    verified = verify(path)
    assert (verified.records, verified.is_whole, len(verified.files)) == (120, True, 3)


@posix
def test_a_trail_that_stays_locked_by_another_process_is_an_error(path: Path) -> None:
    write(path, 1)
    with locked(path.with_name("trail.jsonl.lock")):
        assert refusal(trail(path)) == f"{path}: another process keeps it locked"
    write(path, 1)
    assert sequences(path) == [1, 2]


def test_a_trail_file_is_rotated_at_its_maximum_size(path: Path) -> None:
    write(path, 5, max_bytes=2 * SIZE)
    assert [sequences(file) for file in trail_files(path)[:3]] == [[5], [3, 4], [1, 2]]
    assert verify(path).records == 5


def test_a_record_larger_than_the_maximum_size_gets_its_own_file(path: Path) -> None:
    write(path, 2, max_bytes=SIZE - 1)
    assert [sequences(file) for file in trail_files(path)[:2]] == [[2], [1]]


def test_rotation_keeps_five_older_files(path: Path) -> None:
    write(path, 8, max_bytes=1)
    assert [sequences(file) for file in trail_files(path)] == [[8], [7], [6], [5], [4], [3]]
    assert not path.with_name("trail.jsonl.6").exists()


def test_a_new_process_continues_the_chain_of_the_newest_rotated_file(path: Path) -> None:
    write(path, 3, max_bytes=1)
    path.unlink()
    write(path, 1)
    assert sequences(path) == [3]
    assert verify(path).records == 3


def test_rotation_renames_files_up_to_the_first_free_name_only(path: Path) -> None:
    write(path, 4, max_bytes=1)
    trail_files(path)[2].unlink()
    write(path, 1, max_bytes=1)
    assert [sequences(file) for file in trail_files(path)[:4]] == [[5], [4], [3], [1]]


def test_a_trail_moved_away_is_created_again_and_continues_the_chain(path: Path) -> None:
    file = trail(path)
    file.append(ENTRY)
    moved = path.rename(path.with_name("moved.jsonl"))
    file.append(ENTRY)
    assert (sequences(moved), sequences(path)) == ([1], [2])
    with pytest.raises(BrokenTrailError, match="the records before number 2 are missing"):
        verify(path)
    moved.rename(trail_files(path)[1])
    assert verify(path).records == 2


def test_a_trail_emptied_under_a_running_writer_continues_the_chain(path: Path) -> None:
    file = trail(path)
    file.append(ENTRY)
    path.write_bytes(b"")
    file.append(ENTRY)
    assert sequences(path) == [2]
    with pytest.raises(BrokenTrailError, match="the records before number 2 are missing"):
        verify(path)


def test_records_removed_under_a_running_writer_leave_a_detectable_gap(path: Path) -> None:
    file = trail(path)
    for _ in range(3):
        file.append(ENTRY)
    path.write_bytes(path.read_bytes()[:SIZE])
    file.append(ENTRY)
    with pytest.raises(AuditError) as broken:
        verify(path)
    assert str(broken.value) == f"{path}, line 2: found record 4 where 2 is expected"


@posix
@pytest.mark.parametrize("room", [1, SIZE - 1])
def test_a_record_that_does_not_fit_on_the_disk_is_removed_completely(
    path: Path, room: int
) -> None:
    write(path, 1)
    with disk_full_at(SIZE + room):
        assert refusal(trail(path)) == f"{path}: No space left on device"
    assert path.stat().st_size == SIZE
    write(path, 1)
    assert verify(path).records == 2


@posix
def test_a_full_disk_is_reported(path: Path) -> None:
    write(path, 1)
    with disk_full_at(SIZE):
        assert refusal(trail(path)) == f"{path}: File too large"
    assert path.stat().st_size == SIZE


def test_an_incomplete_last_record_is_removed_and_logged_as_an_error(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write(path, 3)
    path.write_bytes(path.read_bytes()[:-1])
    write(path, 1)
    assert sequences(path) == [1, 2, 3]
    assert verify(path).records == 3
    assert caplog.record_tuples == [
        (
            "binance_mcp.audit.file",
            logging.ERROR,
            f"{path}: removed an unfinished record at the end",
        )
    ]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"text\n", "this is not a record"),
        (b"text\nmore text", "this is not a record"),
        (b'{"a":1}\n', "this is not a record"),
        (b"\n", "this is not a record"),
        (b"text", "the record is cut off"),
        (b"x" * 200_000, "the record is cut off"),
    ],
)
def test_a_file_that_is_not_an_audit_trail_is_refused_and_not_changed(
    path: Path, content: bytes, problem: str
) -> None:
    path.write_bytes(content)
    path.chmod(0o600)
    assert refusal(trail(path)) == f"{path}: in the last line, {problem}"
    assert path.read_bytes() == content


@pytest.mark.parametrize("key", [None, b"another"])
def test_a_trail_sealed_with_another_key_is_refused(path: Path, key: bytes | None) -> None:
    trail(path, key=KEY).append(ENTRY)
    assert refusal(trail(path, key=key)).startswith(f"{path}: in the last line, the hash does not")


def test_a_rotated_file_sealed_with_another_key_is_refused(path: Path) -> None:
    trail(path, key=KEY).append(ENTRY)
    older = path.rename(trail_files(path)[1])
    assert refusal(trail(path)).startswith(f"{older}: in the last line, the hash does not match")


@posix
def test_a_fifo_is_refused_as_trail_or_lock_without_blocking(path: Path) -> None:
    for fifo in (path.with_name("trail.jsonl.lock"), path):
        os.mkfifo(fifo)
        assert "it is not a regular file" in refusal(trail(path))
        fifo.unlink()
