"""What a process beside the server is to do: it reads that, and writes what it has done."""

import json
import random
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Self

import anyio
import httpx2 as httpx


@dataclass(frozen=True)
class Errand:
    """Something to be done for some time. What is random is drawn from the seed."""

    at: Mapping[str, str]
    """The sandbox, as it says itself."""
    seconds: float
    pause: float
    """Seconds between two things that are done, on average."""
    seed: int
    withholds: bool = False
    """Whether streams lose single events and stay connected."""

    @classmethod
    def given(cls) -> Self:
        """Return the errand of this process."""
        return cls(**json.loads(sys.stdin.read()))

    async def run(self, module: str) -> dict[str, int]:
        """Let a process run it, and return its report."""
        done = await anyio.run_process(
            [sys.executable, "-m", f"tests.simulation.trading.{module}"],
            input=json.dumps(asdict(self)).encode(),
            stderr=None,
        )
        return json.loads(done.stdout)

    @cached_property
    def rng(self) -> random.Random:
        return random.Random(self.seed)  # noqa: S311  # not a secret

    def http(self) -> httpx.AsyncClient:
        """Return a client of the sandbox, with the account's API key."""
        headers = {"X-MBX-APIKEY": self.at["apiKey"]}
        return httpx.AsyncClient(
            base_url=self.at["restUrl"], headers=headers, trust_env=False, timeout=60
        )

    def report(self, done: Mapping[str, int]) -> None:
        """Say how often each thing was done."""
        json.dump(done, sys.stdout)
