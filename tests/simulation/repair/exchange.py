"""The sandbox as a program reaches it: answers take time, and every request is noted."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Final
from urllib.parse import parse_qs

import anyio
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from binance_mcp.clock import WallClock

_LONGEST_WAY: Final = 0.1
_LISTEN_KEY: Final = "/fapi/v1/listenKey"
_ALL_SYMBOLS: Final = 40
_WEIGHTS: Final[Mapping[str, int]] = {
    "/fapi/v1/allOrders": 5,
    "/fapi/v1/allAlgoOrders": 5,
    "/fapi/v1/userTrades": 5,
    "/fapi/v1/income": 30,
}


@dataclass(frozen=True)
class Asked:
    """A read of the account."""

    at: float
    """When it was answered, or given up."""
    weight: int
    is_answered: bool
    """Whether it was answered with what was asked for."""


@dataclass
class NotedExchange:
    """Passes requests on."""

    app: ASGIApp
    rng: Random
    wall_clock: WallClock
    reads: list[Asked] = field(default_factory=list[Asked])
    extensions: list[float] = field(default_factory=list[float])
    """When the listen key was created or extended."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        messages: list[Message] = []

        async def collect(message: Message) -> None:
            messages.append(message)

        await self._travel()
        try:
            await self.app(scope, receive, collect)
            await self._travel()
        finally:
            self._note(scope, is_answered=bool(messages) and messages[0]["status"] == 200)
        for message in messages:
            await send(message)

    async def _travel(self) -> None:
        await anyio.sleep(self.rng.uniform(0.01, _LONGEST_WAY))

    def _note(self, scope: Scope, *, is_answered: bool) -> None:
        path, now = scope["path"], self.wall_clock()
        if path != _LISTEN_KEY:
            has_symbol = "symbol" in parse_qs(scope["query_string"].decode())
            is_costly = path.startswith("/fapi/v1/open") and not has_symbol
            weight = _ALL_SYMBOLS if is_costly else _WEIGHTS.get(path, 1)
            self.reads.append(Asked(now, weight, is_answered))
        elif is_answered and scope["method"] in ("POST", "PUT"):
            self.extensions.append(now)
