"""What a host waits for, until the first answer to `tools/list`, and what is then in memory."""

from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import Final

from tests.benchmarks.processes import OURS, running
from tests.benchmarks.row import Row, verdict
from tests.benchmarks.wire import HANDSHAKE, Wire, over_stdio

_ROUNDS: Final = 7
_GOAL: Final = 1.15
# A start sends nothing; if one ever does, it is refused on this machine.
_MAINNET: Final = {
    "BINANCE_API_KEY": "k",  # without one, the system's keychain is asked
    "BINANCE_ENVIRONMENT": "mainnet",
    "BINANCE_REST_URL": "https://127.0.0.1:1",
}


def rows() -> Iterator[Row]:
    """Take turns. The best of the rounds counts: whatever else the machine does only delays."""
    rounds = [
        (_start(*OURS), _start(*OURS, **_MAINNET), _start("noop_server.py"))
        for _ in range(1 + _ROUNDS)
    ]
    sandbox, mainnet, bare = map(min, zip(*rounds[1:], strict=True))  # the first one compiles
    for environment, ours in (("sandbox", sandbox), ("mainnet", mainnet)):
        yield Row(
            f"start to tools/list, stdio, {environment}, best of {_ROUNDS}",
            f"{ours[0]:.2f} s",
            f"{bare[0]:.2f} s",
            f"{ours[0] / bare[0]:.2f}",
            f"at most {_GOAL}",
            verdict(is_met=ours[0] <= _GOAL * bare[0]),
        )
    if sandbox[1] and bare[1]:
        sizes = f"{sandbox[1]:.0f} MiB", f"{bare[1]:.0f} MiB", f"{sandbox[1] / bare[1]:.2f}"
        yield Row("resident memory then, sandbox", *sizes)
    else:
        yield Row("resident memory then: not known without /proc", "-")


def _start(*arguments: str, **environment: str) -> tuple[float, float]:
    """Return the seconds, and the mebibytes that are then resident, or 0 if that is not known."""
    started = perf_counter()
    with running(*arguments, **environment) as process:
        Wire(HANDSHAKE, over_stdio(process)).request("tools/list", {})
        seconds = perf_counter() - started
        status = Path(f"/proc/{process.pid}/status")
        if not status.exists():
            return seconds, 0.0
        kibibytes = status.read_text("ascii").partition("VmRSS:")[2].split()[0]
        return seconds, int(kibibytes) / 1024
