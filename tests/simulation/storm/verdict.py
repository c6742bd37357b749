"""Whether a keeper did what it promises, judged by what the exchange saw. Pure.

It promises that the key is kept alive after the interval and its jitter, and if Binance cannot be
reached then, as soon as it can be for so long that no pause between retries skips it; what will
hardly pass by itself is tried again within a quarter of an hour. Every lapse is reported. No
request is sent while Binance wants none.
"""

from collections.abc import Iterable
from itertools import pairwise
from typing import Final

from binance_mcp.futures.listen_key import State
from binance_mcp.futures.schedule import Schedule
from tests.simulation.storm.span import Span, covers, first_gap
from tests.simulation.storm.voyage import Voyage

_LONGEST_PAUSE: Final = 180.0
_LONGEST_SLOW_PAUSE: Final = 900.0
_CALL: Final = 20.0
"""What a call may take, with its own retries."""
_TICK: Final = 30.0
"""What it may take to notice that the machine slept."""
PATIENCE: Final = _LONGEST_PAUSE + _CALL + _TICK


def delays(voyage: Voyage, schedule: Schedule) -> list[Span]:
    """Return the times by which a keepalive came later than promised."""
    history, weather = voyage.history, voyage.weather
    excused = [
        *(outage.span for outage in weather.outages),
        *weather.naps,
        *history.waits,
        *(Span(at, at + _LONGEST_SLOW_PAUSE + _CALL) for at in history.refusals),
    ]
    found: list[Span] = []
    for last, extended in pairwise([*history.extensions, weather.seconds]):
        due = last + schedule.interval + schedule.jitter
        latest = first_gap(excused, since=due, seconds=PATIENCE) + PATIENCE
        if extended > latest:
            found.append(Span(latest, extended))
    return found


def unreported(voyage: Voyage) -> list[Span]:
    """Return the lapses of the key that the keeper did not report, or not the whole of."""
    return [lapse for lapse in voyage.history.lapses if not covers(voyage.reported, lapse)]


def broken_promises(voyage: Voyage, schedule: Schedule) -> list[str]:
    """Return every broken promise, as a line."""
    return [
        *(f"kept alive too late: {span}" for span in delays(voyage, schedule)),
        *(f"a lapse not reported: {lapse}" for lapse in unreported(voyage)),
        *(f"sent while no request was wanted: {at}" for at in voyage.history.trespasses),
        *(["there is no key in the end"] if voyage.ended_as is not State.ACTIVE else []),
    ]


def figures(voyage: Voyage) -> list[str]:
    """Return what can be counted, as lines."""
    history, naps = voyage.history, voyage.weather.naps
    longest = max((lapse.seconds for lapse in history.lapses), default=0.0)
    awake = max((_awake(lapse, naps) for lapse in history.lapses), default=0.0)
    return [
        f"lapses            {len(history.lapses)}, not reported: {len(unreported(voyage))}",
        f"longest lapse     {longest:.0f} s; with the machine awake: {awake:.0f} s",
        f"machine asleep    {sum(nap.seconds for nap in naps):.0f} s, {len(naps)} times",
        f"outages           {len(voyage.weather.outages)}",
        f"ended by others   {len(history.ends)} times",
        f"rotations         {voyage.rotation_count}",
        f"requests          {len(history.requests)}, of which {history.faults.total()} struck",
        f"kinds of faults   {len(history.faults)}",
        f"busiest minute    {history.busiest_minute} requests",
        f"weight used last  {voyage.used_weight}",
    ]


def _awake(lapse: Span, naps: Iterable[Span]) -> float:
    return lapse.seconds - sum(nap.overlap(lapse) for nap in naps)
