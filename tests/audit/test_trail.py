import json
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from threading import Timer

import anyio
import pytest

from binance_mcp.audit import trail
from binance_mcp.audit.record import Record
from binance_mcp.audit.trail import AuditTrail
from binance_mcp.audit.verification import verify
from binance_mcp.errors import AuditBusyError, AuditError
from tests.audit.obstacles import disk_full_at, locked, posix

KEY = b"a key"
RECORD = Record(
    time=1_700_000_000.0,
    request_id=1,
    transport="stdio",
    grant="process",
    session="process",
    tool="BinanceFuturesCreateListenKey",
    arguments=("recvWindow",),
    policy="0123456789abcdef",
    outcome="ok",
    duration=0.1,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "trail.jsonl"


def numbered(number: int) -> Record:
    return replace(RECORD, request_id=number)


def request_ids(path: Path) -> list[int]:
    return [int(json.loads(line)["requestId"]) for line in path.read_bytes().splitlines()]


def obstruct(path: Path) -> Callable[[], None]:
    """Put a folder in the file's place; return what puts the file back."""
    aside = path.with_name("aside")
    path.rename(aside)
    path.mkdir()

    def clear() -> None:
        path.rmdir()
        aside.rename(path)

    return clear


def levels(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.levelname for record in caplog.records]


def test_a_call_is_written_as_a_line_of_the_audit_trail(path: Path) -> None:
    with AuditTrail(path) as log:
        log.ready()
        log.write(numbered(7))
        assert request_ids(path) == [7]
    assert verify(path).records == 1


def test_an_audit_trail_continues_across_restarts(path: Path) -> None:
    for number in (1, 2, 3):
        with AuditTrail(path, key=KEY) as log:
            log.write(numbered(number))
    assert request_ids(path) == [1, 2, 3]
    assert verify(path, KEY).records == 3


def test_an_audit_trail_continues_across_rotated_files(path: Path) -> None:
    with AuditTrail(path, max_bytes=2_000) as log:
        for number in range(12):
            log.write(numbered(number))
    verified = verify(path)
    assert len(verified.files) > 2
    assert [n for file in verified.files for n in request_ids(file)] == list(range(12))
    assert (verified.records, verified.is_whole) == (12, True)


def test_the_session_hash_is_stable_within_a_process_only(path: Path) -> None:
    for _ in range(2):
        with AuditTrail(path) as log:
            log.write(RECORD)
            log.write(RECORD)
    one, alike, *others = [json.loads(line)["session"] for line in path.read_bytes().splitlines()]
    assert one == alike
    assert one not in others


def test_an_audit_trail_that_cannot_be_written_fails_to_open(path: Path) -> None:
    path.mkdir()
    with pytest.raises(AuditError), AuditTrail(path):
        raise AssertionError


def test_the_audit_key_is_neither_printed_nor_written(path: Path) -> None:
    log = AuditTrail(path, key=b"a secret key")
    log.write(RECORD)
    assert "a secret key" not in repr(log) + path.read_text("utf-8")


def test_an_unwritten_record_is_buffered_and_blocks_new_calls_until_it_is_written(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with AuditTrail(path) as log:
        log.write(numbered(1))
        clear = obstruct(path)
        log.write(numbered(2))
        log.write(numbered(3))
        for _ in range(2):
            with pytest.raises(AuditError):
                log.ready()
        clear()
        log.ready()
        assert request_ids(path) == [1, 2, 3]
    assert verify(path).records == 3
    assert levels(caplog) == ["ERROR", "WARNING"]
    assert caplog.messages[0].startswith(
        f"the audit trail cannot be written, so calls are denied: {path}: "
    )
    assert caplog.messages[1] == "the audit trail can be written again"


def test_no_call_is_admitted_while_the_audit_trail_is_unusable(path: Path) -> None:
    with AuditTrail(path) as log:
        log.ready()
        clear = obstruct(path)
        with pytest.raises(AuditError):
            log.ready()
        clear()
        log.ready()


def test_buffered_records_are_written_before_newer_ones(path: Path) -> None:
    with AuditTrail(path) as log:
        log.ready()
        clear = obstruct(path)
        log.write(numbered(1))
        clear()
        log.write(numbered(2))
    assert request_ids(path) == [1, 2]


def test_every_write_failure_after_a_recovery_is_logged_again(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with AuditTrail(path) as log:
        for number in range(2):
            clear = obstruct(path)
            log.write(numbered(number))
            clear()
            log.ready()
    assert levels(caplog) == ["ERROR", "WARNING"] * 2


@posix
def test_a_full_disk_denies_calls_and_loses_no_record(path: Path) -> None:
    with AuditTrail(path) as log:
        log.write(numbered(1))
        with disk_full_at(path.stat().st_size + 10):
            log.ready()  # the call under way when the disk is full
            log.write(numbered(2))
            with pytest.raises(AuditError, match="No space left"):
                log.ready()
        log.ready()
        assert request_ids(path) == [1, 2]
    assert verify(path).records == 2


def test_records_still_buffered_at_shutdown_are_logged_completely(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with AuditTrail(path) as log:
        obstruct(path)
        log.write(numbered(1))
        log.write(numbered(2))
    assert levels(caplog) == ["ERROR"] * 3
    told = [message.removeprefix("not in the audit trail: ") for message in caplog.messages[1:]]
    assert [json.loads(entry)["requestId"] for entry in told] == ["1", "2"]


def test_buffered_records_are_written_at_shutdown_if_possible(path: Path) -> None:
    with AuditTrail(path) as log:
        clear = obstruct(path)
        log.write(numbered(1))
        clear()
    assert request_ids(path) == [1]


def test_a_thousand_records_are_buffered_and_further_ones_logged_completely(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with AuditTrail(path) as log:
        clear = obstruct(path)
        for number in range(1_001):
            log.write(numbered(number))
        clear()
        log.ready()
        assert request_ids(path) == list(range(1_000))
    assert levels(caplog) == ["ERROR", "ERROR", "WARNING"]
    assert '"requestId":"1000"' in caplog.messages[1]


@posix
@pytest.mark.anyio
async def test_waiting_for_the_lock_of_another_process_does_not_block_the_event_loop(
    path: Path,
) -> None:
    with AuditTrail(path) as log:
        async with anyio.create_task_group() as tasks:
            with locked(path.with_name("trail.jsonl.lock")):
                log.write(numbered(1))
                tasks.start_soon(log.wait_until_ready)
                await anyio.sleep(0.5)  # which passes only if nothing blocks
                assert not path.read_bytes()
        assert request_ids(path) == [1]


@posix
@pytest.mark.anyio
async def test_a_lock_that_another_process_keeps_is_reported_as_busy(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with AuditTrail(path) as log:
        with locked(path.with_name("trail.jsonl.lock")), pytest.raises(AuditBusyError):
            with anyio.fail_after(2):
                await log.wait_until_ready()
        assert levels(caplog) == ["ERROR"]
        await log.wait_until_ready()
    assert levels(caplog) == ["ERROR", "WARNING"]


@posix
def test_a_record_buffered_because_of_a_lock_is_written_at_shutdown(path: Path) -> None:
    with ExitStack() as others, AuditTrail(path) as log:
        others.enter_context(locked(path.with_name("trail.jsonl.lock")))
        log.write(numbered(1))
        Timer(0.1, others.close).start()
    assert request_ids(path) == [1]


@posix
def test_a_record_that_cannot_be_written_at_shutdown_is_logged(
    path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trail, "_LAST_ATTEMPTS", 2)
    with locked(path.with_name("trail.jsonl.lock")):
        log = AuditTrail(path)
        log.write(numbered(1))
        log.__exit__(None, None, None)
    assert levels(caplog) == ["ERROR"]
    assert "not in the audit trail: " in caplog.messages[0]


@pytest.mark.anyio
async def test_an_error_other_than_a_lock_is_not_waited_for(path: Path) -> None:
    with AuditTrail(path) as log:
        clear = obstruct(path)
        with pytest.raises(AuditError):
            await log.wait_until_ready()
        clear()
