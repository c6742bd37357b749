"""What the gate costs a call, however many sessions it has to remember.

Every session has a grant of its own and calls every 20 seconds, so all are live: each has 3 calls
in its windows of a minute.
"""

from collections.abc import Iterator
from itertools import cycle, islice
from time import perf_counter
from typing import Final

from binance_mcp.policy.document import Call
from binance_mcp.policy.gate import Caller, Gate
from binance_mcp.policy.source import load_file
from tests.benchmarks.row import Row, verdict

_INTERVAL_SECONDS: Final = 20.0
_CALLS_IN_WINDOW: Final = 3
_ROUNDS: Final = 5
_CALLS: Final = 20_000
_GOAL_MICROSECONDS: Final = 50
_GOAL_RATIO: Final = 2
_CALL: Final = Call("BinanceFuturesKeepAliveListenKey", {})


def rows() -> Iterator[Row]:
    """Count the best of the rounds. The ratio is to the cost with one session."""
    costs = {sessions: _microseconds(sessions) for sessions in (1, 1_000, 100_000)}
    for sessions, cost in costs.items():
        ratio = cost / costs[1]
        yield Row(
            f"gate per call, live sessions: {sessions:,}, best of {_ROUNDS}",
            f"{cost:.1f} µs",
            ratio=f"{ratio:.2f}",
            goal=f"under {_GOAL_MICROSECONDS} µs, at most {_GOAL_RATIO} of the first",
            verdict=verdict(is_met=cost < _GOAL_MICROSECONDS and ratio <= _GOAL_RATIO),
        )


def _microseconds(sessions: int) -> float:
    now = 0.0
    gate = Gate(load_file(None), clock=lambda: now)
    callers = cycle([Caller(f"grant {n}", f"session {n}") for n in range(sessions)])

    def seconds(calls: int) -> float:
        nonlocal now
        started = perf_counter()
        for caller in islice(callers, calls):
            now += _INTERVAL_SECONDS / sessions
            gate.admit(caller, _CALL)
        return perf_counter() - started

    seconds(_CALLS_IN_WINDOW * sessions)
    return min(seconds(_CALLS) for _ in range(_ROUNDS)) / _CALLS * 1e6
