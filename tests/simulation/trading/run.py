"""An account that is traded and whose streams are harmed, while a host restarts its server."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import anyio

from tests.simulation.stream.machines import settings
from tests.simulation.trading.errand import Errand
from tests.simulation.trading.host import Host
from tests.simulation.trading.told import Told
from tests.simulation.trading.truth import Truth
from tests.simulation.trading.verdict import account_violations, figures, missing, violations

_CALM_SECONDS: Final = 5.0
"""How long there are trades without any trouble at the end."""


@dataclass(frozen=True)
class Plan:
    """How much happens, and for how long, in seconds."""

    seconds: float
    trading_pause: float = 0.25
    trouble_pause: float = 12.0
    life: tuple[float, float] = (5.0, 60.0)
    """How long a server runs."""
    patience: float = 120.0
    """How long it may take afterwards until all is told."""
    compare_seconds: int | None = 10
    """How often the events are compared with the lists; None: streams withhold nothing."""
    seed: int = 1


@dataclass
class Outcome:
    """What was done, what was told of it, and what is wrong with that."""

    truth: Truth
    told: Told
    account: Mapping[str, Any]
    log: str
    done: dict[str, Mapping[str, int]] = field(default_factory=dict[str, Mapping[str, int]])

    @property
    def figures(self) -> str:
        return figures(self.told, self.truth)

    def violations(self) -> Iterator[str]:
        """Yield what is wrong."""
        yield from violations(self.told, self.truth)
        yield from account_violations(self.account, self.truth)
        if count := self.log.count("Traceback"):
            yield f"{count} tracebacks in the log"


async def run(plan: Plan, at: Mapping[str, str], directory: Path) -> Outcome:
    """Do all of it, then wait until all is told."""
    variables = settings(at, directory) | {
        "BINANCE_API_SECRET": at["apiSecret"],
        "BINANCE_MCP_EVENTS_FILE": str(directory / "events.db"),
        "BINANCE_MCP_COMPARE_SECONDS": str(plan.compare_seconds or 0),
    }
    errands = {
        "trader": Errand(at, plan.seconds + _CALM_SECONDS, plan.trading_pause, plan.seed),
        "saboteur": Errand(
            at, plan.seconds, plan.trouble_pause, plan.seed, withholds=bool(plan.compare_seconds)
        ),
    }
    done: dict[str, Mapping[str, int]] = {}

    async def run_errand(name: str) -> None:
        done[name] = await errands[name].run(name)

    async def truth() -> Truth:
        async with errands["trader"].http() as http:
            answer = (await http.get("/sandbox/events")).json()
        return Truth([each["event"] for each in answer["events"]])

    async def is_told() -> bool:
        return len(done) == len(errands) and not missing(host.told, await truth())

    log = directory / "log"
    with log.open("w", encoding="utf-8") as file:
        host = Host(variables, directory, file, random.Random(plan.seed))  # noqa: S311  # no secret
        async with anyio.create_task_group() as tasks:
            for name in errands:
                tasks.start_soon(run_errand, name)
            await host.run(plan.seconds, plan.life)
            await host.finish(is_told, _CALM_SECONDS + plan.patience)
    done["servers"] = host.ends
    return Outcome(await truth(), host.told, host.account, log.read_text("utf-8"), done)
