"""A stream in the storm that its keeper is tested in."""

from collections.abc import Callable
from functools import partial
from random import Random
from typing import Final

import anyio
from trio.testing import MockClock

from binance_mcp.futures.user_stream.journal import Journal
from tests.simulation.events.course import Course, Outcome, at_work
from tests.simulation.events.reader import Reader
from tests.simulation.events.recorder import Recorder
from tests.simulation.storm.machine import Machine
from tests.simulation.storm.voyage import pass_through
from tests.simulation.storm.weather import Weather, storm

_LONGEST_PAUSE: Final = 600.0
_BREAKS: Final = 0.01
"""How likely it is that the connection breaks before an event."""


class EventfulMachine(Machine):
    """Something happens before it wakes up."""

    wakes: Callable[[], None]

    def wake_up(self) -> None:
        self.wakes()
        super().wake_up()


def sail_through_a_storm(seed: int, days: float) -> Outcome:
    """Let a storm pass, with an event every few minutes."""
    clock = MockClock(autojump_threshold=0)
    course = partial(_sail, seed, storm(seed, days))
    return anyio.run(course, backend="trio", backend_options={"clock": clock})


async def _sail(seed: int, weather: Weather) -> Outcome:
    rng = Random(seed)  # noqa: S311  # it is to be the same again
    recorder = Recorder()
    journal = Journal(store=recorder)
    outcome = Outcome(recorder, (Reader(journal, 600.0, 50),))
    machine = EventfulMachine()
    async with at_work(rng, journal, outcome, weather, machine) as course:
        machine.wakes = course.push
        await course.keeper.create()
        course.tasks.start_soon(outcome.readers[0].run)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_push, course)
            await pass_through(weather, course.machine, course.other)
            tasks.cancel_scope.cancel()
        await anyio.sleep(1)
        course.note()
        outcome.seconds, outcome.reconnects = course.machine.now(), course.stream.reconnects
        while outcome.readers[0].read():
            pass
    return outcome


async def _push(course: Course) -> None:
    while True:
        await anyio.sleep(course.rng.uniform(0, course.rng.choice([1.0, _LONGEST_PAUSE])))
        if course.rng.random() < _BREAKS:
            course.network.break_all()
        course.push()
        course.note()
