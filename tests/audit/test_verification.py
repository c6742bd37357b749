from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from binance_mcp.audit.chain import START, Link, seal
from binance_mcp.audit.verification import VerifiedTrail, verify
from binance_mcp.errors import AuditError, BrokenTrailError

KEY = b"a key"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "trail.jsonl"


def sealed(count: int, key: bytes | None, after: Link = START) -> list[bytes]:
    lines: list[bytes] = []
    for number in range(count):
        line, after = seal(f'{{"n":{number}}}', after, key)
        lines.append(line)
    return lines


LINES = sealed(5, KEY)
OTHERS = sealed(5, KEY, Link(0, "1" * 64))
INDEXES = st.integers(0, len(LINES) - 1)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("trails") / "trail.jsonl"


def verified(file: Path, lines: Sequence[bytes]) -> VerifiedTrail | None:
    """Return what a trail of `lines` holds; None if it is found to be broken."""
    file.write_bytes(b"".join(lines))
    with suppress(BrokenTrailError):
        return verify(file, KEY)
    return None


def broken(path: Path) -> BrokenTrailError:
    with pytest.raises(BrokenTrailError) as found:
        verify(path)
    return found.value


@settings(deadline=None)
@given(st.integers(0, len(b"".join(LINES)) - 1), st.integers(1, 255))
def test_verification_finds_any_changed_byte(file: Path, index: int, difference: int) -> None:
    trail = bytearray(b"".join(LINES))
    trail[index] ^= difference
    assert verified(file, [bytes(trail)]) is None


@settings(deadline=None)
@given(INDEXES)
def test_verification_finds_a_removed_record_unless_it_was_the_last(file: Path, index: int) -> None:
    whole = verified(file, LINES)
    assert whole
    found = verified(file, LINES[:index] + LINES[index + 1 :])
    if index == len(LINES) - 1:
        assert found
        assert found.last.sequence == whole.last.sequence - 1
    else:
        assert found is None


@settings(deadline=None)
@given(st.sampled_from([*LINES, *OTHERS]), st.integers(0, len(LINES)))
def test_verification_finds_an_inserted_record(file: Path, inserted: bytes, index: int) -> None:
    assert verified(file, [*LINES[:index], inserted, *LINES[index:]]) is None


@settings(deadline=None)
@given(st.permutations(LINES))
def test_verification_finds_reordered_records(file: Path, lines: list[bytes]) -> None:
    assume(lines != LINES)
    assert verified(file, lines) is None


@settings(deadline=None)
@given(INDEXES, st.sampled_from([None, b"another key"]))
def test_verification_finds_a_chain_recomputed_without_the_key(
    file: Path, index: int, key: bytes | None
) -> None:
    before = LINES[:index]
    last = START
    if before:
        whole = verified(file, before)
        assert whole
        last = whole.last
    assert verified(file, before + sealed(5 - index, key, last)) is None


@settings(deadline=None)
@given(st.integers(1, len(b"".join(LINES)) - 1))
def test_a_truncated_trail_is_broken_or_ends_at_an_earlier_record(file: Path, length: int) -> None:
    whole = verified(file, LINES)
    found = verified(file, [b"".join(LINES)[:length]])
    assert whole
    assert found is None or found.last.sequence < whole.last.sequence


ONE, TWO, THREE = sealed(3, None)
ANOTHER_TWO = seal('{"n":1}', Link(1, "1" * 64), None)[0]


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ([ONE, b"text\n"], "this is not a record"),
        ([ONE, TWO.replace(b'"n":1', b'"n":7')], "the hash does not match"),
        ([ONE, THREE], "found record 3 where 2 is expected"),
        ([ONE, ONE], "found record 1 where 2 is expected"),
        ([ONE, ANOTHER_TWO], "the record does not follow the one before it"),
        ([ONE, TWO[:-1]], "the record is cut off"),
        ([ONE, b"x" * 200_000], "the record is cut off"),
    ],
)
def test_the_first_broken_record_is_reported_with_file_and_line(
    path: Path, lines: list[bytes], problem: str
) -> None:
    path.write_bytes(b"".join(lines))
    error = broken(path)
    assert (error.file, error.line) == (str(path), 2)
    assert error.problem.startswith(problem)
    assert str(error) == f"{path}, line 2: {error.problem}"


def test_a_break_in_a_rotated_file_is_reported_first(path: Path) -> None:
    older = path.with_name("trail.jsonl.1")
    older.write_bytes(ONE + b"text\n")
    path.write_bytes(b"text\n")
    assert (broken(path).file, broken(path).line) == (str(older), 2)


def test_a_trail_whose_beginning_is_missing_is_broken(path: Path) -> None:
    path.with_name("trail.jsonl.2").write_bytes(TWO)
    path.with_name("trail.jsonl.1").write_bytes(b"")
    path.write_bytes(THREE)
    with pytest.raises(BrokenTrailError) as broken:
        verify(path)
    assert (Path(broken.value.file).name, broken.value.line) == ("trail.jsonl.2", 1)
    assert broken.value.problem == "the records before number 2 are missing"


def test_a_trail_with_all_rotated_files_need_not_begin_at_record_1(path: Path) -> None:
    *older, newest = sealed(7, None)[1:]
    for number, line in zip(range(5, 0, -1), older, strict=True):
        path.with_name(f"trail.jsonl.{number}").write_bytes(line)
    path.write_bytes(newest)
    verified = verify(path)
    assert len(verified.files) == 6
    assert (verified.records, verified.is_whole) == (6, False)
    assert (verified.follows.sequence, verified.last.sequence) == (1, 7)


def test_empty_rotated_files_do_not_excuse_a_missing_beginning(path: Path) -> None:
    for number in range(1, 6):
        path.with_name(f"trail.jsonl.{number}").touch()
    path.write_bytes(THREE)
    assert broken(path).problem == "the records before number 3 are missing"


def test_a_missing_rotated_file_is_found(path: Path) -> None:
    path.with_name("trail.jsonl.2").write_bytes(ONE)
    path.write_bytes(THREE)
    assert (broken(path).file, broken(path).line) == (str(path), 1)


def test_a_trail_without_its_newest_file_is_verified_from_the_rotated_ones(path: Path) -> None:
    path.with_name("trail.jsonl.1").write_bytes(b"".join(LINES))
    assert verify(path, KEY).records == 5


def test_an_empty_trail_cannot_be_verified(path: Path) -> None:
    path.touch()
    with pytest.raises(AuditError, match="there are no records: the trail is new, or was emptied"):
        verify(path)


def test_a_missing_trail_cannot_be_verified(path: Path) -> None:
    with pytest.raises(AuditError) as missing:
        verify(path)
    assert str(missing.value) == f"{path}: there is no audit trail"


def test_an_unreadable_trail_is_reported(path: Path) -> None:
    path.mkdir()
    with pytest.raises(AuditError) as unreadable:
        verify(path)
    assert str(unreadable.value).startswith(f"{path}: ")


def test_verification_does_not_change_the_trail(path: Path) -> None:
    path.write_bytes(b"".join(LINES))
    verify(path, KEY)
    assert list(path.parent.iterdir()) == [path]
    assert path.read_bytes() == b"".join(LINES)
