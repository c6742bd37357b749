"""The user data stream: whether it opens, answers a ping, and by which forms of its URL.

With an active listen key, every form of the URL is opened for some seconds. Without one, only the
address is tried. No listen key is created.
https://developers.binance.com/docs/derivatives/usds-margined-futures/websocket-market-streams
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import anyio

from binance_mcp.doctor.finding import Certainty, Finding, ok, problem, warning
from binance_mcp.errors import StreamEndedError, UnreadableFrameError
from binance_mcp.futures.environment import Environment
from binance_mcp.futures.http_client import HttpClient
from binance_mcp.futures.listen_key import ListenKey
from binance_mcp.futures.user_stream.event import parse_frame
from binance_mcp.futures.user_stream.url_form import URL_FORMS
from binance_mcp.futures.user_stream.web_socket import Frame, Listener, ping_web_socket

_CHECK: Final = "stream"
_WITHOUT_A_KEY: Final = "/private/ws"
_EXPIRED: Final = "listenKeyExpired"
_TOO_LONG: Final = "1009"
"""The close code for a message that is too big: https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1"""
_BETWEEN: Final = "Look at proxies between this machine and Binance, and at BINANCE_STREAM_URL."


@dataclass
class Probe:
    """What one WebSocket brought."""

    form: str
    """The form of its URL."""
    is_open: bool = False
    pong_seconds: float | None = None
    """How long the answer to a ping took; None if there was none."""
    ended: str | None = None
    """Why it did not open, or ended too early."""
    events: int = 0
    unreadable: int = 0
    """How many messages were not events."""
    key_expired: bool = False
    """Whether the listen key ended meanwhile."""
    _listener: Listener = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._listener = Listener(self._open, self.receive, lambda _: None)

    async def run(self, http: HttpClient, url: str, seconds: float) -> None:
        """Open the WebSocket, ping it, and read it for some seconds."""
        try:
            self.pong_seconds = await ping_web_socket(http, url, self._listener, seconds=seconds)
        except StreamEndedError as error:
            self.ended = str(error)

    def _open(self) -> None:
        self.is_open = True

    def receive(self, frame: Frame) -> None:
        """Count what arrived. An answer to a command is neither an event nor unreadable."""
        try:
            event = parse_frame(frame)
        except UnreadableFrameError:
            self.unreadable += 1
            return
        if event is not None:
            self.events += 1
            self.key_expired |= event.type == _EXPIRED


async def probe_stream(
    http: HttpClient, environment: Environment, key: ListenKey | None, seconds: float
) -> Sequence[Probe]:
    """Open the stream of a listen key by every form of its URL; without a key, its address."""
    if key is None:
        urls = {_WITHOUT_A_KEY: f"{environment.stream_url}{_WITHOUT_A_KEY}"}
    else:
        urls = {form.name: form.url(environment, key) for form in URL_FORMS}
    probes = [Probe(form) for form in urls]
    async with anyio.create_task_group() as tasks:
        for probe, url in zip(probes, urls.values(), strict=True):
            tasks.start_soon(probe.run, http, url, seconds)
    return probes


def judge_stream(probes: Sequence[Probe]) -> Sequence[Finding]:
    """Judge the first of the WebSockets, which the server uses, beside the others."""
    found = list(_faults(probes[0])) or list(_deafness(probes))
    return found or [ok(_CHECK, _in_order(probes[0]))]


def _in_order(probe: Probe) -> str:
    events = f"; events that arrived: {probe.events}" if probe.events else ""
    unproven = "" if probe.events else "; only an event can show that it brings events"
    key = " without a listen key" if probe.form == _WITHOUT_A_KEY else f" as {probe.form}"
    return f"it opens{key}, and answers a ping{events}{unproven}"


def _faults(probe: Probe) -> Iterator[Finding]:
    if probe.key_expired:
        yield warning(
            _CHECK,
            "the listen key ended just now: another program of the account closed it",
            "Find the programs that use this account's API keys: none of them should close it.",
            Certainty.LIKELY,
        )
    elif probe.unreadable or (probe.ended and _TOO_LONG in probe.ended):
        yield problem(
            _CHECK,
            "what arrives on it are not Binance's events: something on the way answers instead",
            _BETWEEN,
            Certainty.LIKELY,
        )
    elif probe.ended:
        text = "it was opened, but did not last" if probe.is_open else "it cannot be opened"
        yield problem(_CHECK, f"{text}: {probe.ended}", _BETWEEN)
    elif probe.pong_seconds is None:
        yield problem(
            _CHECK,
            "it is open, but nothing arrives on it, not even the answer to a ping",
            _BETWEEN,
        )


def _deafness(probes: Sequence[Probe]) -> Iterator[Finding]:
    first, *others = probes
    hearing = [other.form for other in others if other.events]
    if hearing and not first.events:
        yield warning(
            _CHECK,
            f"events arrive on {hearing[0]}, and not on {first.form}",
            "Binance has changed the URL of streams: the server tries the other forms by itself "
            "when events are missing. Please report it.",
            Certainty.LIKELY,
        )
