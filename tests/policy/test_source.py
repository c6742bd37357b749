import json
import os
import tracemalloc
from pathlib import Path

import pytest

from binance_mcp.errors import PolicyDeniedError, PolicyError
from binance_mcp.policy.call import Call
from binance_mcp.policy.language.rules import Limit
from binance_mcp.policy.source import PolicySource, load_file, read
from tests.policy.documents import evaluate

OPEN = {"version": "1", "default": "allow"}
SHUT = {"version": "1", "default": "deny"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "policy.json"
    write(path, OPEN)
    return path


def write(path: Path, document: object) -> None:
    path.write_text(json.dumps(document), encoding="utf-8")


def age(path: Path, seconds: float) -> None:
    """Set back when the file was changed."""
    changed = path.stat().st_mtime - seconds
    os.utime(path, (changed, changed))


def test_without_a_policy_file_the_built_in_policy_is_active() -> None:
    source = PolicySource()
    assert source.document.default == "deny"
    assert not source.refresh()


def test_a_policy_file_edited_in_place_is_reloaded(path: Path) -> None:
    source = PolicySource(path)
    write(path, SHUT)
    assert source.refresh()
    assert source.document.default == "deny"
    assert not source.refresh()


def test_a_policy_edit_of_equal_size_and_modification_time_is_noticed(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    changed = path.stat()
    source = PolicySource(path)
    path.write_text(text.replace("allow", "deny "), encoding="utf-8")
    path.write_text(text.replace('"allow"', '"deny" '), encoding="utf-8")
    os.utime(path, ns=(changed.st_atime_ns, changed.st_mtime_ns))
    assert source.refresh()
    assert source.document.default == "deny"


def test_a_replaced_policy_file_is_reloaded(path: Path) -> None:
    source = PolicySource(path)
    other = path.with_name("other.json")
    write(other, SHUT)
    age(other, 3600)
    other.replace(path)
    assert source.refresh()
    assert source.document.default == "deny"


def test_a_policy_file_unchanged_for_long_is_not_read_again(path: Path) -> None:
    age(path, 60)
    source = PolicySource(path)
    age(path, 0)
    assert not source.refresh()
    assert source.document.default == "allow"


@pytest.mark.parametrize("text", ["", "{", '{"version": "2"}', "\xff"])
def test_an_invalid_policy_change_keeps_the_last_good_policy_and_is_logged_once(
    path: Path, caplog: pytest.LogCaptureFixture, text: str
) -> None:
    source = PolicySource(path)
    digest = source.digest
    path.write_text(text, encoding="latin-1")
    assert [source.refresh() for _ in range(3)] == [False] * 3
    assert source.document.default == "allow"
    assert source.digest == digest
    assert source.problem is not None
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "the last good one stays" in caplog.text


def test_a_deleted_policy_file_keeps_the_last_good_policy_until_it_is_back(path: Path) -> None:
    source = PolicySource(path)
    path.unlink()
    assert not source.refresh()
    assert source.problem is not None
    write(path, SHUT)
    assert source.refresh()
    assert source.document.default == "deny"
    assert source.problem is None


def test_a_reverted_policy_change_clears_the_problem(path: Path) -> None:
    source = PolicySource(path)
    path.write_text("{", encoding="utf-8")
    source.refresh()
    write(path, OPEN)
    assert not source.refresh()
    assert source.problem is None


def test_the_policy_digest_changes_with_the_policy(path: Path) -> None:
    source = PolicySource(path)
    before = source.digest
    write(path, SHUT)
    source.refresh()
    assert len(before) == 64
    assert source.digest != before


@pytest.mark.parametrize("name", ["missing.json", "a\0b", "~nobody-is-called-so/policy.json"])
def test_an_unreadable_policy_file_is_reported_with_its_path(tmp_path: Path, name: str) -> None:
    path = Path(name) if name.startswith("~") else tmp_path / name
    with pytest.raises(PolicyError, match="cannot be read"):
        PolicySource(path)


def test_a_policy_file_over_one_mebibyte_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "policy.json"
    path.write_bytes(b" " * (2**20 + 1))
    with pytest.raises(PolicyError, match="1 MiB"):
        read(path)


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="there is no endless file here")
def test_an_endless_device_is_refused_as_policy_file() -> None:
    with pytest.raises(PolicyError, match="it is not a regular file"):
        read(Path("/dev/zero"))


def test_an_invalid_policy_file_is_reported_with_its_path_and_without_its_content(
    tmp_path: Path,
) -> None:
    path = tmp_path / "policy.json"
    path.write_text("AKIAsecret")
    with pytest.raises(PolicyError) as refused:
        load_file(path)
    assert str(refused.value).startswith(
        f"{path}: /: must be JSON; the error is at line 1, column 1"
    )
    assert "secret" not in str(refused.value)


def test_the_built_in_policy_allows_the_six_tools_only() -> None:
    policy = load_file(None)
    assert set(policy.tools) == {
        "BinanceFuturesCreateListenKey",
        "BinanceFuturesKeepAliveListenKey",
        "BinanceFuturesCloseListenKey",
        "BinanceFuturesGetListenKeyStatus",
        "BinanceFuturesReadUserEvents",
        "BinanceFuturesGetAccountSnapshot",
    }
    with pytest.raises(PolicyDeniedError, match="not listed"):
        evaluate(policy, Call("BinanceFuturesPlaceOrder", {}))


def test_the_built_in_policy_limits_each_tool_per_session_and_all_tools_per_grant() -> None:
    policy = load_file(None)
    overall = Limit(counter="calls_per_minute", window="minute", max=240, scope="grant")
    for tool in policy.tools:
        own = Limit(counter=f"{tool.lower()}_rate", window="minute", max=60, scope="session")
        limits = evaluate(policy, Call(tool, {})).limits
        assert [applied.limit for applied in limits] == [own, overall]


def test_an_invalid_policy_file_is_parsed_once(path: Path) -> None:
    source = PolicySource(path)
    write(path, {"version": "2"})
    age(path, -3600)  # in the future, so that every look finds it changed
    assert [source.refresh() for _ in range(3)] == [False] * 3
    first = source.problem
    path.rename(path.with_name("elsewhere"))
    assert not source.refresh()
    assert source.problem is not first
    path.with_name("elsewhere").rename(path)
    assert not source.refresh()
    assert source.problem is first is not None


def test_refreshing_an_invalid_policy_file_repeatedly_does_not_leak_memory(path: Path) -> None:
    source = PolicySource(path)
    write(path, {"version": "x" * 500_000})
    age(path, -3600)
    source.refresh()
    tracemalloc.start()
    for _ in range(20):
        source.refresh()
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 500_000


@pytest.mark.skipif(os.name != "posix", reason="needs FIFOs")
def test_a_policy_file_replaced_by_a_fifo_keeps_the_last_good_policy(path: Path) -> None:
    source = PolicySource(path)
    path.unlink()
    os.mkfifo(path)
    assert not source.refresh()
    assert "it is not a regular file" in str(source.problem)


@pytest.mark.skipif(os.name != "posix", reason="needs FIFOs")
def test_a_fifo_is_refused_as_policy_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(PolicyError, match="it is not a regular file"):
        PolicySource(tmp_path / "fifo")
