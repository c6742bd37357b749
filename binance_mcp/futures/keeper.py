"""The keeper of the account's listen key: every request about the key is made here."""

import logging
import math
import random
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import anyio
import anyio.lowlevel

from binance_mcp.clock import SteadyClock
from binance_mcp.errors import ListenKeyMismatchError
from binance_mcp.futures.binance_error import BinanceError, InvalidListenKeyError, TimedOutError
from binance_mcp.futures.listen_key import (
    VALIDITY_SECONDS,
    ActiveKey,
    ListenKey,
    ListenKeyLife,
    State,
)
from binance_mcp.futures.rest_api import RestApi
from binance_mcp.futures.schedule import Schedule
from binance_mcp.futures.shared_calls import SharedCalls

logger = logging.getLogger(__name__)

_TICK_SECONDS: Final = 30.0
"""How often the clock is read while a key is active: the longest a suspension goes unnoticed."""


@dataclass(eq=False, repr=False)
class ListenKeyKeeper:
    """Creates, keeps alive and closes the listen key, one request at a time.

    While `run` runs, and with a schedule, it keeps the key alive automatically, and replaces a lost
    one. On shutdown the key is left as it is: other programs of the account may use it.
    """

    rest_api: RestApi
    schedule: Schedule | None = None
    """Without one, nothing is kept alive automatically."""
    rng: Callable[[], float] = random.random
    """Returns a random number in [0, 1), for jitter and for the pauses between retries."""
    validity: float = VALIDITY_SECONDS
    """Seconds that a key is valid after it was created or kept alive."""
    listeners: list[Callable[[], None]] = field(default_factory=list[Callable[[], None]])
    """Called after every change of `life`. Must not raise."""
    next_keepalive_at: float | None = field(default=None, init=False)
    """When the next automatic keepalive or replacement is due, on `clock`; None if none is."""
    _life: ListenKeyLife = field(default_factory=ListenKeyLife, init=False)
    _creates: SharedCalls = field(default_factory=SharedCalls, init=False)
    _keepalives: SharedCalls = field(default_factory=SharedCalls, init=False)
    _turn: anyio.Lock = field(default_factory=partial(anyio.Lock, fast_acquire=True), init=False)
    _woken: anyio.Event = field(default_factory=anyio.Event, init=False)
    _is_closing: bool = field(default=False, init=False)
    """Whether a close is under way: its event may arrive before its answer."""
    _asleep_until: float = field(default=0.0, init=False)

    @property
    def clock(self) -> SteadyClock:
        """The clock of all schedules, waits and expiries."""
        return self.rest_api.clock

    @property
    def life(self) -> ListenKeyLife:
        """What is known about the key now. Times are on `clock`."""
        return self._life.at(self.clock.now())

    @property
    def stopped_until(self) -> float | None:
        """Until when, on `clock`, Binance's limits forbid requests; None if they do not."""
        now = self.clock.now()
        stop = self.rest_api.weight.stop(now)
        return now + (stop.retry_after or 0.0) if stop else None

    async def create(self, recv_window: float | None = None) -> ActiveKey:
        """Create the key, or extend the active one. Concurrent calls share one request.

        Raises:
            BinanceError: The class says what went wrong.

        """
        seen = self._creates.last
        await (
            anyio.lowlevel.checkpoint()
        )  # so that all concurrent callers have read `last` before the first one changes it
        async with self._in_turn() as deadline:
            is_shared = self._creates.have_succeeded_since(seen, recv_window)
            active = self.life.active if is_shared else None
            return active or await self._create(recv_window, deadline)

    async def keepalive(
        self, listen_key: str | None = None, recv_window: float | None = None
    ) -> ActiveKey:
        """Extend the active key by its validity; with a schedule, replace one that was lost.

        Concurrent calls share one request. Each one's `listen_key` is compared with the account's,
        and never sent.

        Raises:
            ListenKeyMismatchError: The account has a different key. If this server knew it, nothing
                was sent; otherwise that key was kept alive.
            InvalidListenKeyError: The account has no active key.
            BinanceError: The class says what went wrong.

        """
        seen = self._keepalives.last
        await anyio.lowlevel.checkpoint()
        async with self._in_turn() as deadline:
            self._compare(listen_key)
            is_shared = self._keepalives.have_succeeded_since(seen, recv_window)
            active = self.life.active if is_shared else None
            active = active or await self._keep(recv_window, deadline)
            self._compare(listen_key)
            return active

    async def close(self, listen_key: str | None = None, recv_window: float | None = None) -> bool:
        """Close the active key, for every program that uses it. Return whether there was one.

        If a `listen_key` is given and this server does not know the account's key, that key is kept
        alive once, to learn which it is before it is closed. A close that fails or is cancelled may
        have reached Binance: if the key is then found to be gone, it counts as closed.

        Raises:
            ListenKeyMismatchError: The account has a different key. It was not closed.
            BinanceError: The class says what went wrong.

        """
        async with self._in_turn() as deadline:
            try:
                if listen_key is not None and not self.life.active:
                    await self._keepalive(recv_window, deadline)
                self._compare(listen_key)
                await self._close(recv_window, deadline)
            except InvalidListenKeyError:
                was_active = False
            else:
                was_active = True
            self._end(self._life.closed())
            return was_active

    def report_end(self, listen_key: str) -> None:
        """Record that Binance has reported the end of a key.

        With a schedule, it is replaced, unless it ended because it is being closed here.
        """
        active = self.life.active
        if active and active.key.matches(listen_key):
            now = self.clock.now()
            self.next_keepalive_at = now if self.schedule else None
            life = self._life.closing() if self._is_closing else self._life
            self._end(life.lost(at=now))

    async def run(self) -> None:
        """Expire the key on time and keep it alive on schedule. Never returns."""
        while True:
            self._woken = anyio.Event()
            now = self.clock.now()
            if (life := self._life.at(now)) is not self._life:
                self._end(life)
            if self.next_keepalive_at is not None and now >= self.next_keepalive_at:
                await self._keepalive_by_itself()
            else:
                self._asleep_until = min(now + _TICK_SECONDS, self._next_event())
                with anyio.move_on_after(self._asleep_until - now):
                    await self._woken.wait()

    def _next_event(self) -> float:
        """Return when the next keepalive is due or the key expires, whichever comes first."""
        active = self._life.active
        ends = (self.next_keepalive_at, active and active.expires_at)
        return min((end for end in ends if end is not None), default=math.inf)

    @asynccontextmanager
    async def _in_turn(self) -> AsyncGenerator[float]:
        """Wait for earlier calls to end; yield the deadline of this one, on anyio's clock."""
        longest = self.rest_api.longest_call
        deadline = anyio.current_time() + longest
        with anyio.move_on_after(longest) as waiting:
            await self._turn.acquire()
        if waiting.cancelled_caught:
            raise TimedOutError(f"Binance did not answer earlier calls within {longest:.3g} s")
        try:
            yield deadline
        finally:
            self._turn.release()

    async def _keepalive_by_itself(self) -> None:
        async with self._turn:
            due, schedule = self.next_keepalive_at, self.schedule
            if schedule is None or due is None or self.clock.now() < due:
                return  # another call has done it
            try:
                await self._keep(None, anyio.current_time() + self.rest_api.longest_call)
            except BinanceError as error:
                if self.life.state is State.CLOSED:
                    return  # an unconfirmed close turned out to have happened
                now = self.clock.now()
                life = self._life.at(now).failed(error)
                self.next_keepalive_at = schedule.next_retry(
                    life.active, error, life.failures, now, self.rng()
                )
                pause = self.next_keepalive_at - now
                logger.warning("keepalive failed: %s; trying again in %.0f s", error, pause)
                self._change(life)

    async def _keep(self, recv_window: float | None, deadline: float) -> ActiveKey:
        keep = self._keep_or_replace if self.schedule else self._keepalive
        with self._keepalives.one(recv_window):
            return await keep(recv_window, deadline)

    async def _keep_or_replace(self, recv_window: float | None, deadline: float) -> ActiveKey:
        if self.life.state is not State.EXPIRED or self.life.is_closing:
            try:
                return await self._keepalive(recv_window, deadline)
            except InvalidListenKeyError:
                if self.life.last is None:  # there is nothing to replace
                    raise
        return await self._create(recv_window, deadline)

    def _compare(self, listen_key: str | None) -> None:
        if listen_key is None:
            return
        active = self.life.active
        if active and not active.key.matches(listen_key):
            raise ListenKeyMismatchError("the listen key given is not the account's active one")

    async def _create(self, recv_window: float | None, deadline: float) -> ActiveKey:
        with self._creates.one(recv_window):
            sent = self.clock.now()
            key = await self.rest_api.create_listen_key(recv_window, deadline=deadline)
            return self._extended(key, sent)

    async def _keepalive(self, recv_window: float | None, deadline: float) -> ActiveKey:
        sent = self.clock.now()
        try:
            key = await self.rest_api.keepalive_listen_key(recv_window, deadline=deadline)
        except InvalidListenKeyError:
            if (lost := self._life.lost()) is not self._life:
                self.next_keepalive_at = sent if self.schedule else None
                self._end(lost)
            raise
        if key is None and (active := self.life.active):
            key = active.key
        # Binance may not return the key that it kept alive; creating returns the active one.
        return self._extended(key, sent) if key else await self._create(recv_window, deadline)

    async def _close(self, recv_window: float | None, deadline: float) -> None:
        self._is_closing = True
        try:
            await self.rest_api.close_listen_key(recv_window, deadline=deadline)
        except InvalidListenKeyError:
            raise
        except (BinanceError, anyio.get_cancelled_exc_class()):
            self._change(self._life.closing())  # the answer to an attempt may have been lost
            raise
        finally:
            self._is_closing = False

    def _extended(self, key: ListenKey, sent: float) -> ActiveKey:
        """Record that `key` was extended by a request that was sent at `sent`."""
        now, before = self.clock.now(), self._life
        active = before.extension(key, at=sent, validity=self.validity)
        life = before.extended(active, at=now)
        if life.rotation_count > before.rotation_count:
            missing = now - life.rotations[-1].missing_since
            logger.warning("the listen key was replaced; events of %.0f s may be missing", missing)
        else:
            level = logging.DEBUG if before.active else logging.INFO
            logger.log(level, "the listen key is active for %.0f s from now", self.validity)
        if self.schedule:
            self.next_keepalive_at = self.schedule.next_keepalive(active, self.rng())
        self._change(life)
        return active

    def _end(self, life: ListenKeyLife) -> None:
        if life.state is State.CLOSED:
            logger.info("the listen key is closed")
            self.next_keepalive_at = None
        else:
            logger.warning("the listen key is lost: it expired, or another program closed it")
        self._change(life)

    def _change(self, life: ListenKeyLife) -> None:
        self._life = life
        if self._next_event() < self._asleep_until:
            self._woken.set()
        for listener in self.listeners:
            listener()
