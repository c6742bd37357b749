"""What the gate costs a call, whatever it has to remember, and what remembering costs.

Every session has a grant of its own and calls every 20 seconds, so all are live: each has 3 calls
in its windows of a minute.
"""

import json
import tracemalloc
from collections.abc import Iterator, Mapping
from itertools import cycle, islice
from time import perf_counter
from typing import Any, Final

from binance_mcp.policy.call import Call, Caller
from binance_mcp.policy.gate import Gate
from binance_mcp.policy.language.document import Document, load
from binance_mcp.policy.source import load_file
from tests.benchmarks.row import Row, verdict

_INTERVAL_SECONDS: Final = 20.0
_CALLS_IN_WINDOW: Final = 3
_ROUNDS: Final = 5
_CALLS: Final = 20_000
_MANY: Final = 100_000
_GOAL_MICROSECONDS: Final = 50
_GOAL_RATIO: Final = 2
_GOAL_MEBIBYTES: Final = 100
_CALL: Final = Call("BinanceFuturesKeepAliveListenKey", {})


def rows() -> Iterator[Row]:
    """Count the best of the rounds. The ratios are to the first row: one session."""
    shipped = load_file(None)
    rules = {f"Tool{number}": {"limits": [_limit(f"c{number}", 5)]} for number in range(2000)}
    costs = {
        "1 session": _microseconds(shipped, 1),
        "1,000 sessions": _microseconds(shipped, 1_000),
        "100,000 sessions": _microseconds(shipped, _MANY),
        "2,000 other tools with rules": _microseconds(_policy(60, rules), 1),
        "a max of 1,000,000,000": _microseconds(_policy(1_000_000_000, {}), 1),
    }
    first = costs["1 session"]
    for name, cost in costs.items():
        is_met = cost < _GOAL_MICROSECONDS and cost <= _GOAL_RATIO * first
        yield Row(
            f"gate per call, {name}, best of {_ROUNDS}",
            f"{cost:.1f} µs",
            ratio=f"{cost / first:.2f}",
            goal=f"under {_GOAL_MICROSECONDS} µs, at most {_GOAL_RATIO} of the first",
            verdict=verdict(is_met=is_met),
        )
    mebibytes = _mebibytes(shipped)
    yield Row(
        f"gate's memory, {_MANY:,} live sessions",
        f"{mebibytes:.0f} MiB",
        goal=f"under {_GOAL_MEBIBYTES} MiB",
        verdict=verdict(is_met=mebibytes < _GOAL_MEBIBYTES),
    )


def _limit(counter: str, maximum: int, scope: str = "session") -> Mapping[str, object]:
    return {"counter": counter, "window": "minute", "max": maximum, "scope": scope}


def _policy(maximum: int, rules: Mapping[str, Any]) -> Document:
    tools = {**rules, _CALL.tool: {"limits": [_limit("own", maximum)]}}
    overall = _limit("overall", 1_000_000_000, scope="grant")
    policy: dict[str, object] = {
        "version": "1",
        "default": "deny",
        "all_tools": {"limits": [overall]},
        "tools": tools,
    }
    return load("benchmark", json.dumps(policy))


def _microseconds(policy: Document, sessions: int) -> float:
    use = _use(policy, sessions)
    next(use)
    return min(islice(use, _ROUNDS)) / _CALLS * 1e6


def _mebibytes(policy: Document) -> float:
    tracemalloc.start()
    use = _use(policy, _MANY)
    next(use)
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return size / 2**20


def _use(policy: Document, sessions: int) -> Iterator[float]:
    """Yield the seconds that calls take, once every session is live."""
    now = 0.0
    gate = Gate(policy, clock=lambda: now)
    callers = cycle([Caller(f"grant {n}", f"session {n}") for n in range(sessions)])
    calls = _CALLS_IN_WINDOW * sessions
    while True:
        started = perf_counter()
        for caller in islice(callers, calls):
            now += _INTERVAL_SECONDS / sessions
            gate.admit(caller, _CALL)
        yield perf_counter() - started
        calls = _CALLS
