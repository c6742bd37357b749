"""The lines of a stream: the main one, its successor, and those that are tried beside it."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from anyio.abc import TaskGroup

from binance_mcp.errors import StreamEndedError
from binance_mcp.futures.environment import Environment
from binance_mcp.futures.http_client import HttpClient
from binance_mcp.futures.listen_key import ListenKey
from binance_mcp.futures.user_stream.event import UserEvent
from binance_mcp.futures.user_stream.line import Line, Received
from binance_mcp.futures.user_stream.url_form import UrlForm
from binance_mcp.futures.user_stream.web_socket import Frame, Listener, read_web_socket

logger = logging.getLogger(__name__)

_OPENING_SECONDS: Final = 10.0
_PROVES_SECONDS: Final = 5.0
"""How much later than on the line of another form an event may arrive on the main one."""


@dataclass(frozen=True)
class Watcher:
    """Who is told what happens on a line. None of these may raise or wait."""

    opened: Callable[[Line], None]
    received: Callable[[Line, Frame], None]
    heard: Callable[[Line, bool], None]
    """Called with everything that arrives, before it is read: whether it is a ping."""
    ended: Callable[[Line, str], None]
    """Not called for a line that is ended here. The text says why it ended."""


@dataclass(eq=False, repr=False)
class OpenLines:
    """Opens and ends lines."""

    http: HttpClient
    environment: Environment
    now: Callable[[], float]
    tasks: TaskGroup = field(init=False)
    main: Line | None = None
    """The line whose events go into the journal."""
    successor: Line | None = None
    """The line that takes over from one that gets old."""
    probes: list[Line] = field(default_factory=list[Line])
    """Lines of other forms of the URL."""

    def __iter__(self) -> Iterator[Line]:
        """Yield every line."""
        yield from (line for line in (self.main, self.successor, *self.probes) if line)

    def dial(self, key: ListenKey, form: UrlForm, watcher: Watcher) -> Line:
        """Begin to open a line."""
        line = Line(key, form, self.now, self.now())
        self.tasks.start_soon(self._read, line, watcher)
        return line

    async def _read(self, line: Line, watcher: Watcher) -> None:
        listener = Listener(
            opened=lambda: watcher.opened(line),
            received=lambda frame: watcher.received(line, frame),
            heard=lambda is_ping: watcher.heard(line, is_ping),
        )
        url = line.form.url(self.environment, line.key)
        with line.scope:
            try:
                await read_web_socket(self.http, url, listener, opening_seconds=_OPENING_SECONDS)
            except StreamEndedError as error:
                watcher.ended(line, str(error))
            except Exception:  # it must not end the keeper as well
                logger.exception("reading the user data stream failed unexpectedly")
                watcher.ended(line, "a bug in this server; its log has the details")

    def use(self, line: Line) -> list[Received]:
        """Make a line the main one instead of the present one; return what it held."""
        if self.main:
            self.main.scope.cancel()
        if line is self.successor:
            self.successor = None
        if line in self.probes:
            self.probes.remove(line)
        self.main = line
        held, line.held = line.held, []
        return held

    def proven_probe(self, is_known: Callable[[UserEvent], bool], now: float) -> Line | None:
        """Return a line of another form that has brought what the main one should have by now."""
        for probe in self.probes:
            late = (each.event for each in probe.held if now - each.at > _PROVES_SECONDS)
            if not all(map(is_known, late)):
                return probe
        return None

    def end_probes(self) -> None:
        """End the lines of other forms."""
        for probe in self.probes:
            probe.scope.cancel()
        self.probes = []

    def end_all_but_main(self) -> None:
        """End the successor, and the lines of other forms."""
        if self.successor:
            self.successor.scope.cancel()
            self.successor = None
        self.end_probes()

    def end_all(self) -> None:
        """End every line."""
        self.end_all_but_main()
        if self.main:
            self.main.scope.cancel()
            self.main = None

    def forget(self, line: Line) -> None:
        """Forget a line that has ended by itself, and is not the main one."""
        if line is self.successor:
            self.successor = None
        elif line in self.probes:
            self.probes.remove(line)
