"""The sandbox in a storm: two ASGI apps, one for the keeper, one for another program."""

import json
from collections import deque
from random import Random
from typing import Final

import anyio
from starlette.types import Message, Receive, Scope, Send

from binance_mcp.sandbox.app import Sandbox
from tests.simulation.storm.history import History
from tests.simulation.storm.machine import Machine
from tests.simulation.storm.span import Span
from tests.simulation.storm.weather import LASTING, LATE, LIMITS, Strike, Weather

_LATENCY_SECONDS: Final = 0.4
_LATE_SECONDS: Final = 30.0
_BAN_SECONDS: Final = 120.0


class Exchange:
    """Lets the weather strike the keeper's requests, and writes the history of the key."""

    def __init__(self, sandbox: Sandbox, weather: Weather, machine: Machine, rng: Random) -> None:
        self.history = History()
        self._sandbox = sandbox
        self._outages = deque(weather.outages)
        self._strikes = deque(weather.strikes)
        self._machine = machine
        self._rng = rng

    async def for_the_keeper(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request as the weather allows."""
        await anyio.sleep(self._rng.uniform(0.0, _LATENCY_SECONDS))
        now = self._machine.now()
        self.history.request(now)
        strike = self._strike(now, scope["method"])
        if strike is None or strike.fault == LATE:
            messages = await self._carry_out(scope, receive, is_ours=True)
            await anyio.sleep(self._rng.uniform(0.0, _LATENCY_SECONDS))
        else:
            self._sandbox.arm(strike.fault, retry_after=strike.retry_after)
            messages = await self._ask(scope, receive)
        if strike and strike.fault == LATE:
            await anyio.sleep(_LATE_SECONDS)
        for message in messages:
            await send(message)

    async def for_another(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request whatever the weather."""
        await anyio.sleep(self._rng.uniform(0.0, _LATENCY_SECONDS))
        for message in await self._carry_out(scope, receive, is_ours=False):
            await send(message)

    def _strike(self, now: float, method: str) -> Strike | None:
        """Return what strikes a request: an outage, or the last fault that waited for one."""
        strike = None
        while self._strikes and self._strikes[0].at <= now:
            strike = self._strikes.popleft()
        while self._outages and self._outages[0].span.end <= now:
            self._outages.popleft()
        if self._outages and self._outages[0].span.start <= now:
            strike = Strike(now, self._rng.choice(self._outages[0].faults), None)
        if strike is None or (strike.fault == "http_400_-1125" and method != "PUT"):
            return None
        self._note(strike, now)
        return strike

    def _note(self, strike: Strike, now: float) -> None:
        self.history.faults[strike.fault] += 1
        if strike.fault in LASTING:
            self.history.refusals.append(now)
        if strike.fault in LIMITS:
            rest_of_the_minute = 60.0 - self._machine.wall_clock() % 60.0
            untold = {"http_429_-1003": rest_of_the_minute, "http_418_-1003": _BAN_SECONDS}
            wait = strike.retry_after or untold[strike.fault]
            self.history.waits.append(Span(now, now + wait))

    async def _carry_out(self, scope: Scope, receive: Receive, *, is_ours: bool) -> list[Message]:
        messages: list[Message] = []
        with anyio.CancelScope(shield=True):  # or the history would lack what was carried out
            messages += await self._ask(scope, receive)
        if messages[0]["status"] == 200:
            now, content = self._machine.now(), json.loads(messages[1]["body"])
            if scope["method"] == "DELETE":
                self.history.end(now)
            elif "listenKey" in content:
                self.history.extend(content["listenKey"], now, is_ours=is_ours)
        return messages

    async def _ask(self, scope: Scope, receive: Receive) -> list[Message]:
        messages: list[Message] = []

        async def collect(message: Message) -> None:
            messages.append(message)

        await self._sandbox(scope, receive, collect)
        return messages
