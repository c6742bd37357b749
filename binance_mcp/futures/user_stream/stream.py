"""The user data stream: connected as long as there is a listen key, and its events in a journal.

A line that ends, or that brings nothing for 4.5 minutes, is replaced; one that gets old is handed
over to another without a gap. While no event arrives, other forms of the URL are tried beside it.
"""

import logging
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import anyio

from binance_mcp.clock import SuspensionDetector, WallClock
from binance_mcp.errors import UnreadableFrameError
from binance_mcp.futures.binance_error import BinanceError
from binance_mcp.futures.environment import Environment
from binance_mcp.futures.http_client import HttpClient
from binance_mcp.futures.keeper import ListenKeyKeeper
from binance_mcp.futures.listen_key import ListenKey, State
from binance_mcp.futures.user_stream.attempts import Attempts
from binance_mcp.futures.user_stream.confirmation import Confirmation
from binance_mcp.futures.user_stream.event import parse_frame
from binance_mcp.futures.user_stream.gap import GapReason
from binance_mcp.futures.user_stream.journal import Journal
from binance_mcp.futures.user_stream.line import DEAF_SECONDS, TRAVEL_SECONDS, Line, Received
from binance_mcp.futures.user_stream.open_lines import OpenLines, Watcher
from binance_mcp.futures.user_stream.url_form import URL_FORMS, UrlForm
from binance_mcp.futures.user_stream.web_socket import Frame

logger = logging.getLogger(__name__)

_TICK_SECONDS: Final = 60.0
_SOON_SECONDS: Final = 1.0
_OVERLAP_SECONDS: Final = 5.0  # in which an old line and its successor are both open
_QUIET_SECONDS: Final = 780.0
"""Without an event for so long, another form of the URL is tried beside the present one."""
_STABLE_SECONDS: Final = 10.0
_FIRST_PAUSE: Final = 0.5
_SIDE_PAUSE: Final = 30.0  # after a successor, or a line of another form, has ended by itself
_MOST_HELD: Final = 10_000


@dataclass(eq=False, repr=False)
class UserStream:
    """Receives the events of one account while `run` runs."""

    keeper: ListenKeyKeeper
    http: HttpClient
    environment: Environment
    journal: Journal
    wall_clock: WallClock
    has_pings: bool = True
    """Whether the exchange pings; an app in this process does not, and is always connected."""
    rng: Callable[[], float] = random.random
    """Returns a random number in [0, 1), for the pauses between attempts."""
    reconnects: int = field(default=0, init=False)
    is_on: bool = field(default=False, init=False)
    """Whether `run` runs."""
    problem: str | None = field(default=None, init=False)
    """Why the last line ended, or could not be opened."""
    delivered: dict[UrlForm, float] = field(default_factory=dict[UrlForm, float], init=False)
    """When each form of the URL last brought an event, since the Unix epoch."""
    key: ListenKey | None = field(default=None, init=False)
    """The key whose events are received, or are about to be."""
    form: UrlForm = field(default=URL_FORMS[0], init=False)
    lines: OpenLines = field(init=False)
    _began_at: float = field(default=0.0, init=False)
    _key_ended_at: float | None = field(default=None, init=False)
    _woken: anyio.Event = field(default_factory=anyio.Event, init=False)

    def __post_init__(self) -> None:
        self.lines = OpenLines(self.http, self.environment, self.now)
        self.confirmation = Confirmation(self.keeper)
        self._attempts = Attempts(_FIRST_PAUSE, self.rng)
        self._side_attempts = Attempts(_SIDE_PAUSE, self.rng)
        self.watcher = Watcher(self._opened, self._received, self._heard, self._ended)

    @property
    def main(self) -> Line | None:
        """The line whose events go into the journal; None while there is none."""
        return self.lines.main

    def now(self) -> float:
        """Return the time on the keeper's clock."""
        return self.keeper.clock.now()

    def wall(self, at: float) -> float:
        """Return the seconds since the Unix epoch of a time on the keeper's clock."""
        return self.wall_clock() - (self.now() - at)

    def heard_until(self) -> float | None:
        """Return until when nothing was missed, as far as is known, in seconds since the epoch."""
        if self.main is None or not self.main.is_open or self.journal.gap is not None:
            return None
        return self.wall(self.main.received_until() if self.has_pings else self.now())

    def wake(self) -> None:
        """Look at the listen key and the lines again, because something has changed."""
        self._woken.set()

    async def run(self) -> None:
        """Receive events. Never returns."""
        self.is_on, self._began_at = True, self.wall_clock()
        if self.journal.gap_count == 0:  # otherwise it has a past
            self.journal.begin_gap(None, GapReason.START)
        self._suspension = SuspensionDetector(self.now())
        async with anyio.create_task_group() as self.lines.tasks:
            while True:
                self._woken = anyio.Event()
                now = self.now()
                self._notice_sleep(now)
                self._follow_key(now)
                self._tend(now)
                with anyio.move_on_after(self._pause(now)):
                    await self._woken.wait()

    def _pause(self, now: float) -> float:
        if self.key is not None and self.main is None:
            return max(self._attempts.retry_at - now, 0.0)
        if self.lines.successor or any(probe.held for probe in self.lines.probes):
            return _SOON_SECONDS
        deaf_at = self.main.heard_at + DEAF_SECONDS if self.main and self.main.is_open else now
        return min(max(deaf_at - now, 0.0) + _SOON_SECONDS, _TICK_SECONDS)

    def _notice_sleep(self, now: float) -> None:
        if self._suspension.was_suspended(now) and self.main and self.main.is_open:
            self.lines.end_all_but_main()
            self._lose(self.main, GapReason.SUSPENDED, "this machine was suspended")
            self._attempts.begin(now)

    def _follow_key(self, now: float) -> None:
        active = self.keeper.life.active
        key = active.key if active else None
        if key == self.key:
            return
        if self.key is not None:
            is_closed = self.keeper.life.state is State.CLOSED
            reason = GapReason.NO_KEY if is_closed else GapReason.ROTATION
            since = self._lost_since(self.key, now) - TRAVEL_SECONDS
            if self.main and self.main.is_open:  # it may have been deaf since it was last heard
                since = min(since, self.main.received_until())
            self.journal.begin_gap(self.wall(since), reason)
            self.lines.end_all()
        self.key, self._key_ended_at = key, None
        self._attempts.begin(now)

    def _lost_since(self, key: ListenKey, now: float) -> float:
        """Return since when events of a key that was lost may be missing."""
        if self._key_ended_at is not None:
            return self._key_ended_at
        if self.keeper.life.state is State.CLOSED:
            return now
        times = self.keeper.life.confirmed_at(key), *(line.delivered_at for line in self.lines)
        return max((at for at in times if at is not None), default=now)

    def _tend(self, now: float) -> None:
        if self.key is None:
            return
        if self.main is None:
            if now >= self._attempts.retry_at:
                self.lines.main = self.lines.dial(self.key, self.form, self.watcher)
        elif self.main.is_open:
            if self.has_pings and self.main.is_deaf(now):
                self._lose(self.main, GapReason.DEAF, "it brought neither events nor pings")
                return
            if self.confirmation.covers(self.main):
                self.journal.end_gap(self.wall(self.main.opened_at or now))
            self._hand_over(self.main, now)
            if self.has_pings:
                self._compare(self.main, now)

    def _opened(self, line: Line) -> None:
        line.open()
        if line is self.main:
            logger.info("the user data stream is connected")
            self.lines.tasks.start_soon(self._confirm, line)
        self.wake()

    async def _confirm(self, line: Line) -> None:
        def is_wanted() -> bool:
            return line is self.main

        def failed(error: BinanceError) -> None:
            self.problem = f"the listen key could not be confirmed: {error}"

        await self.confirmation.ask(line, is_wanted, failed)

    def _heard(self, line: Line, is_ping: bool) -> None:  # noqa: FBT001  # a callback
        self._notice_sleep(self.now())  # what arrives after it says nothing of what was missed
        line.hear(is_ping)

    def _received(self, line: Line, frame: Frame) -> None:
        try:
            event = parse_frame(frame)
        except UnreadableFrameError as error:
            self._could_not_read(line, error)
            return
        if event is None:
            return
        now = self.now()
        line.deliver(event, self.wall_clock())
        self.delivered[line.form] = self.wall_clock()
        received = Received(event, len(frame), now)
        if line is self.main:
            self._keep(received)
        elif len(line.held) < _MOST_HELD or line.forget_held(self.journal.has):
            line.held.append(received)
            self.wake()
        else:  # it cannot take over any more without a loss
            line.scope.cancel()
            self.lines.forget(line)
        if event.type == "listenKeyExpired" and line.key == self.key:
            self._key_ended_at = now
            self.keeper.report_end(line.key.get_secret_value())

    def _keep(self, received: Received) -> None:
        self.journal.append(received.event, size=received.size, at=self.wall(received.at))

    def _could_not_read(self, line: Line, error: UnreadableFrameError) -> None:
        if self.problem != str(error):
            logger.warning("the user data stream brought something unreadable: %s", error)
        self.problem = str(error)
        if line is self.main:
            now = self.wall_clock()
            self.journal.begin_gap(now - TRAVEL_SECONDS, GapReason.UNREADABLE)
            if self.confirmation.covers(line):
                self.journal.end_gap(now)

    def _ended(self, line: Line, why: str) -> None:
        if line is self.main:
            self._lose(line, GapReason.DISCONNECTED, why)
        elif line in tuple(self.lines):
            self._side_attempts.failed(line.form, self.now())
        self.lines.forget(line)
        self.wake()

    def _lose(self, line: Line, reason: GapReason, why: str) -> None:
        """Give up the main line. Its successor takes over, if it is open."""
        line.scope.cancel()
        now, until, successor = self.now(), line.received_until(), self.lines.successor
        self.lines.main, self.problem, self.confirmation.needed_since = None, why, now
        if line.opened_at is not None:
            self.reconnects += 1
            if successor is None or not successor.opened_at or successor.opened_at > until:
                self.journal.begin_gap(self.wall(until), reason)
            if now - line.opened_at > _STABLE_SECONDS:
                self._attempts.begin(now)
        if successor is not None and successor.is_open:
            self._use(successor)
            return
        pause = self._attempts.failed(line.form, now)
        level = logging.WARNING if self._attempts.failures[line.form] == 1 else logging.INFO
        logger.log(level, "the user data stream: %s; connecting again in %.1f s", why, pause)
        self.wake()

    def _use(self, line: Line) -> None:
        """Make a line the main one: what it held goes into the journal, without duplicates."""
        self.form = line.form
        for received in self.lines.use(line):
            self._keep(received)
        self.lines.tasks.start_soon(self._confirm, line)

    def _hand_over(self, main: Line, now: float) -> None:
        successor = self.lines.successor
        if successor is None:
            if main.is_old(now) and now >= self._side_attempts.retry_at:
                self.lines.successor = self.lines.dial(main.key, main.form, self.watcher)
        elif successor.opened_at and main.received_until() > successor.opened_at + _OVERLAP_SECONDS:
            self._use(successor)  # the main line was not deaf: it has brought something since

    def _compare(self, main: Line, now: float) -> None:
        """Compare the main line with those of other forms, and try another one if all is quiet."""
        if probe := self.lines.proven_probe(self.journal.has, now):
            self._switch(main, probe)
            return
        probes = self.lines.probes
        if probes and main.quiet_since() > probes[0].started_at:
            self.lines.end_probes()
        used = {line.form for line in self.lines}
        forms = self._side_attempts.ordered(form for form in URL_FORMS if form not in used)
        quiet_at = main.quiet_since() + _QUIET_SECONDS * (len(probes) + 1)
        if forms and now > max(quiet_at, self._side_attempts.retry_at):
            probes.append(self.lines.dial(main.key, forms[0], self.watcher))

    def _switch(self, main: Line, probe: Line) -> None:
        """Use another form of the URL, because it brings events that the present one does not."""
        self.problem = f"the URL form {main.form.name} brings no events; {probe.form.name} does"
        logger.warning("%s", self.problem)
        since = self.delivered.get(main.form, self._began_at)  # by this line or an earlier one
        since = min(since, self.wall(main.quiet_since())) - TRAVEL_SECONDS
        self.journal.begin_gap(since, GapReason.ROUTE)
        self.journal.end_gap(self.wall(probe.opened_at or probe.started_at))
        self._use(probe)
        self.lines.end_probes()
