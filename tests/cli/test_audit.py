from collections.abc import Callable
from pathlib import Path

import pytest

from binance_mcp.audit.chain import START, Link, seal

Run = Callable[..., object]


@pytest.fixture
def trail(tmp_path: Path) -> Path:
    return tmp_path / "trail.jsonl"


def write(path: Path, count: int, *, key: bytes | None = None, last: Link = START) -> Link:
    """Write records that follow a link, and return the link of the last."""
    with path.open("wb") as file:
        for number in range(count):
            line, last = seal(f'{{"n":{number}}}', last, key)
            file.write(line)
    return last


def test_audit_verify_prints_files_record_count_and_last_hash(
    run: Run, capsys: pytest.CaptureFixture[str], trail: Path
) -> None:
    older = trail.with_name("trail.jsonl.1")
    last = write(trail, 2, last=write(older, 3))
    assert run("audit", "verify", str(trail)) == 0
    assert capsys.readouterr() == (
        f"files: {older}, {trail}\nrecords: 5\nlast hash: {last.hash}\n",
        "",
    )


def test_audit_verify_prints_the_first_record_number_of_a_rotated_trail(
    run: Run, capsys: pytest.CaptureFixture[str], trail: Path
) -> None:
    write(trail, 6, last=Link(3, "1" * 64))
    *older, newest = trail.read_bytes().splitlines(keepends=True)
    for number, line in zip(range(5, 0, -1), older, strict=True):
        trail.with_name(f"{trail.name}.{number}").write_bytes(line)
    trail.write_bytes(newest)
    assert run("audit", "verify", str(trail)) == 0
    assert "\nrecords: 6, from number 4 on\n" in capsys.readouterr().out


def test_audit_verify_prints_file_and_line_of_the_first_broken_record(
    run: Run, capsys: pytest.CaptureFixture[str], trail: Path
) -> None:
    write(trail, 4)
    lines = trail.read_bytes().splitlines(keepends=True)
    trail.write_bytes(b"".join([lines[0], *lines[2:]]))
    assert run("audit", "verify", str(trail)) == 1
    assert capsys.readouterr() == (f"{trail}:2: found record 3 where 2 is expected\n", "")


def test_audit_verify_uses_the_configured_audit_key(
    run: Run,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    trail: Path,
) -> None:
    write(trail, 1, key=b"a key")
    assert run("audit", "verify", str(trail)) == 1
    assert capsys.readouterr().out.startswith(f"{trail}:1: the hash does not match")
    monkeypatch.setenv("BINANCE_MCP_AUDIT_KEY", "a key")
    assert run("audit", "verify", str(trail)) == 0


def test_audit_verify_reports_a_missing_trail_in_one_line(
    run: Run, capsys: pytest.CaptureFixture[str], trail: Path
) -> None:
    assert run("audit", "verify", str(trail)) == 2
    assert capsys.readouterr() == ("", f"binance-mcp: {trail}: there is no audit trail\n")
