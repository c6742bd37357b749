from collections.abc import Sequence
from pathlib import Path

from binance_mcp.audit.chain import START, seal
from binance_mcp.doctor.finding import Finding, Verdict
from binance_mcp.doctor.trail_check import check_trail
from tests.environment import settings_of


def found_in(path: Path, key: str = "") -> Sequence[Finding]:
    variables = {"BINANCE_MCP_AUDIT_LOG": str(path), "BINANCE_MCP_AUDIT_KEY": key}
    return check_trail(settings_of(variables))


def trail(folder: Path, key: bytes | None = None) -> Path:
    path = folder / "trail.jsonl"
    path.write_bytes(seal('{"tool":"test"}', START, key)[0])
    return path


def test_without_a_trail_there_is_nothing_to_say() -> None:
    assert check_trail(settings_of({})) == []


def test_a_trail_that_has_not_begun_is_in_order(tmp_path: Path) -> None:
    (found,) = found_in(tmp_path / "new")
    assert (found.verdict, found.cause) == (Verdict.OK, "it has no records yet")


def test_a_trail_whose_records_are_unchanged_is_in_order(tmp_path: Path) -> None:
    (found,) = found_in(trail(tmp_path, b"key"), "key")
    assert (found.verdict, found.cause) == (Verdict.OK, "its 1 records are unchanged")


def test_a_changed_record_and_another_key_are_problems(tmp_path: Path) -> None:
    path = trail(tmp_path, b"key")
    (found,) = found_in(path, "another key")
    assert found.verdict is Verdict.PROBLEM
    assert "line 1" in found.cause
    path.write_bytes(path.read_bytes().replace(b"test", b"best"))
    assert found_in(path, "key")[0].verdict is Verdict.PROBLEM


def test_a_trail_that_cannot_be_read_is_a_problem(tmp_path: Path) -> None:
    path = trail(tmp_path)
    path.with_name("trail.jsonl.1").mkdir()
    (found,) = found_in(path)
    assert found.verdict is Verdict.PROBLEM
    assert found.cause.startswith("it cannot be read: ")
