import json
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client

from binance_mcp.audit.verification import verify
from binance_mcp.errors import AuditError
from binance_mcp.policy.source import PolicySource
from binance_mcp.sandbox.app import Sandbox
from binance_mcp.server.app import create_server
from binance_mcp.settings import Settings
from tests.server.connections import (
    CLOSE,
    CREATE,
    KEEPALIVE,
    STATUS,
    Connect,
    Era,
    Serve,
    denial,
    failure,
    succeeded,
    text,
)

pytestmark = pytest.mark.anyio


@pytest.fixture
def trail(tmp_path: Path) -> Path:
    return tmp_path / "audit.jsonl"


def records(trail: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in trail.read_text(encoding="utf-8").splitlines()]


async def test_a_changed_policy_applies_to_the_next_call(connect: Connect, tmp_path: Path) -> None:
    policy = tmp_path / "policy.json"
    policy.write_text('{"version": "1", "default": "allow"}')
    async with connect(policy=policy) as client:
        assert not denial(await client.call_tool(CREATE, {}))
        policy.write_text('{"version": "1", "default": "deny"}')
        assert denial(await client.call_tool(CREATE, {}))["code"] == "not_listed"
        policy.write_text('{"version": "1", "default": "allow"')
        assert denial(await client.call_tool(CREATE, {}))["code"] == "not_listed"


async def test_every_policy_decision_is_recorded_with_the_outcome_of_the_call(
    connect: Connect, trail: Path, sandbox: Sandbox, tmp_path: Path
) -> None:
    policy = tmp_path / "policy.json"
    limit = {"counter": "creates", "window": "minute", "max": 2}
    tools = {CREATE: {"limits": [limit]}, KEEPALIVE: {}}
    policy.write_text(json.dumps({"version": "1", "default": "deny", "tools": tools}))
    async with connect(policy=policy, audit_log=trail) as client:
        key = succeeded(await client.call_tool(CREATE, {"recvWindow": 5000}))["listenKey"]
        failure(await client.call_tool(KEEPALIVE, {"listenKey": key[::-1]}))
        sandbox.arm("http_401_-2015")
        failure(await client.call_tool(KEEPALIVE, {"listenKey": key}))
        assert (await client.call_tool(KEEPALIVE, {"nonsense": key})).is_error
        assert denial(await client.call_tool(CLOSE, {}))
        assert not denial(await client.call_tool(CREATE, {}))
        assert denial(await client.call_tool(CREATE, {}))
        assert (await client.call_tool("Unknown", {})).is_error
    found = [
        (r["tool"], r["arguments"], r["outcome"], r["code"] or r["errorCode"], r["rule"])
        for r in records(trail)
    ]
    assert found == [
        (CREATE, ["recvWindow"], "ok", None, None),
        (KEEPALIVE, ["listenKey"], "error", "listen_key_mismatch", None),
        (KEEPALIVE, ["listenKey"], "error", "rejected_api_key", None),
        (KEEPALIVE, ["nonsense"], "error", "invalid_arguments", None),
        (CLOSE, [], "denied", "not_listed", "/default"),
        (CREATE, [], "ok", None, None),
        (CREATE, [], "denied", "limit_exceeded", f"/tools/{CREATE}/limits/0"),
        ("Unknown", [], "denied", "unknown_tool", ""),
    ]
    assert [r["remaining"] for r in records(trail)] == [1, None, None, None, None, 0, 0, None]
    statuses = [r["upstreamStatus"] for r in records(trail)]
    assert statuses == [200, None, 401, None, None, 200, None, None]
    assert {r["policy"] for r in records(trail)} == {PolicySource(policy).digest[:16]}
    assert {(r["transport"], r["grant"]) for r in records(trail)} == {("stdio", "process")}
    assert key not in trail.read_text(encoding="utf-8")
    assert verify(trail, None).records == 8


async def test_the_duration_and_the_time_of_a_call_are_recorded(
    connect: Connect, trail: Path, sandbox: Sandbox
) -> None:
    async with connect(audit_log=trail, timeout_seconds=2) as client:
        await anyio.sleep(100)
        sandbox.arm("timeout")
        succeeded(await client.call_tool(CREATE, {}))
    (record,) = records(trail)
    assert record["durationMs"] == pytest.approx(2250, abs=110)
    assert record["time"].startswith("2026-11-18T")


async def test_a_call_denied_by_a_policy_change_during_the_call_is_recorded(
    connect: Connect, trail: Path, sandbox: Sandbox, tmp_path: Path
) -> None:
    policy = tmp_path / "policy.json"
    policy.write_text('{"version": "1", "default": "allow"}')

    async def deny_soon() -> None:
        await anyio.sleep(0.5)
        policy.write_text('{"version": "1", "default": "deny"}')

    async with (
        connect(policy=policy, audit_log=trail, timeout_seconds=2) as client,
        anyio.create_task_group() as tasks,
    ):
        sandbox.arm("timeout")
        tasks.start_soon(deny_soon)
        succeeded(await client.call_tool(CREATE, {}))
        assert denial(await client.call_tool(CREATE, {}))
    assert [(r["outcome"], r["code"]) for r in records(trail)] == [
        ("ok", None),
        ("denied", "not_listed"),
    ]


async def test_no_call_is_admitted_while_the_audit_trail_cannot_be_written(
    connect: Connect, trail: Path, sandbox: Sandbox
) -> None:
    async with connect(audit_log=trail) as client:
        succeeded(await client.call_tool(CREATE, {}))
        trail.rename(trail.with_name("moved"))
        trail.mkdir()
        denied = await client.call_tool(CREATE, {})
        trail.rmdir()
        succeeded(await client.call_tool(CREATE, {}))
    assert denial(denied)["code"] == "audit_unavailable"
    assert str(trail) not in text(denied)
    assert len(sandbox.requests) == 2


async def test_a_cancelled_call_and_a_crash_are_recorded(trail: Path, era: Era) -> None:
    async def exchange(scope: Any, *_: object) -> None:  # noqa: ANN401  # ASGI's
        if scope["method"] == "POST":
            raise KeyError
        await anyio.sleep_forever()

    settings = Settings(
        api_key="k" * 64,  # pyright: ignore[reportArgumentType]
        environment="sandbox",
        audit_log=trail,
    )
    async with Client(create_server(settings, sandbox=exchange), mode=era) as client:
        assert (await client.call_tool(CREATE, {})).is_error
        with anyio.move_on_after(1):
            await client.call_tool(KEEPALIVE, {})
    assert [(r["tool"], r["errorCode"]) for r in records(trail)] == [
        (CREATE, "crash"),
        (KEEPALIVE, "cancelled"),
    ]


def test_an_unwritable_audit_trail_prevents_creating_the_server(
    serve: Serve, tmp_path: Path
) -> None:
    with pytest.raises(AuditError):
        serve(audit_log=tmp_path / "missing" / "audit.jsonl")


async def test_the_audit_trail_is_sealed_with_the_audit_key(connect: Connect, trail: Path) -> None:
    async with connect(audit_log=trail, audit_key="a key of mine") as client:
        await client.call_tool(CREATE, {})
    assert verify(trail, b"a key of mine").records == 1
    with pytest.raises(AuditError):
        verify(trail, b"another key")


async def test_the_status_reports_a_policy_problem_without_the_path_of_the_policy(
    connect: Connect, tmp_path: Path
) -> None:
    policy = tmp_path / "policy.json"
    policy.write_text('{"version": "1", "default": "allow"}')
    async with connect(policy=policy) as client:
        policy.write_text('{"version": "2", "default": "maybe"}')
        status = await client.call_tool(STATUS, {})
    told = succeeded(status)["policyProblem"]
    assert told == (
        'it was changed, and the last good policy stays active: /version: must be "1", and 1 more'
    )
    assert f"The policy file has a problem: {told}." in text(status)


async def test_the_status_reports_the_first_policy_problem_and_how_many_more(
    connect: Connect, tmp_path: Path
) -> None:
    policy = tmp_path / "policy.json"
    policy.write_text('{"version": "1", "default": "allow"}')
    async with connect(policy=policy) as client:
        policy.write_text(json.dumps({"version": "1", "default": "deny", "hide": [1] * 500}))
        told = succeeded(await client.call_tool(STATUS, {}))["policyProblem"]
    assert "/hide/0: must be a name" in told
    assert told.endswith(", and 499 more")


async def test_what_a_shadow_policy_would_decide_differently_is_recorded(
    connect: Connect, trail: Path, tmp_path: Path
) -> None:
    shadow = tmp_path / "shadow.json"
    shadow.write_text(json.dumps({"version": "1", "default": "allow", "hide": [CLOSE]}))
    async with connect(policy_shadow=shadow, audit_log=trail) as client:
        assert CLOSE in {tool.name for tool in (await client.list_tools()).tools}
        assert not denial(await client.call_tool(CREATE, {}))
        assert not denial(await client.call_tool(CLOSE, {}))
        shadow.write_text(json.dumps({"version": "1", "default": "deny", "tools": {CLOSE: {}}}))
        assert not denial(await client.call_tool(CREATE, {}))
    told = [record.get("shadow") for record in records(trail)]
    assert [each and (each["decision"], each["rule"], each["code"]) for each in told] == [
        None,
        ("deny", "/hide", "hidden"),
        ("deny", "/default", "not_listed"),
    ]


async def test_a_shadow_policy_is_compared_with_denials_and_questions(
    connect: Connect, trail: Path, tmp_path: Path
) -> None:
    policy, shadow = tmp_path / "policy.json", tmp_path / "shadow.json"
    asked = {CREATE: {"action": "require_approval"}, CLOSE: {"action": "deny"}}
    policy.write_text(json.dumps({"version": "1", "default": "allow", "tools": asked}))
    shadow.write_text('{"version": "1", "default": "allow"}')
    async with connect(policy=policy, policy_shadow=shadow, audit_log=trail) as client:
        assert denial(await client.call_tool(CREATE, {}))["code"] == "approval_unavailable"
        assert denial(await client.call_tool(CLOSE, {}))["code"] == "action_denied"
        assert not denial(await client.call_tool(STATUS, {}))
    told = [record.get("shadow") for record in records(trail)]
    assert [each and each["decision"] for each in told] == ["allow", "allow", None]
