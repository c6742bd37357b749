from dataclasses import replace
from typing import Final

import pytest

from binance_mcp.futures.listen_key import State
from binance_mcp.futures.schedule import Schedule
from tests.simulation.storm.history import History
from tests.simulation.storm.span import Span
from tests.simulation.storm.verdict import PATIENCE, broken_promises, delays, figures, unreported
from tests.simulation.storm.voyage import Voyage
from tests.simulation.storm.weather import Outage, Weather

SCHEDULE: Final = Schedule(interval=1800.0, jitter=300.0)
DUE: Final = 2100.0


def voyage(*extensions: float, weather: Weather | None = None) -> Voyage:
    """Return a voyage that ends with the last of some extensions of one key."""
    history = History()
    for at in extensions:
        history.request(at)
        history.extend("key", at, is_ours=True)
    seconds = extensions[-1]
    weather = replace(weather or Weather(0.0), seconds=seconds)
    return Voyage(weather, history, (), 0, State.ACTIVE, 1)


@pytest.mark.parametrize(
    ("weather", "latest"),
    [
        (Weather(0.0), DUE + PATIENCE),
        (Weather(0.0, naps=(Span(2000.0, 2500.0),)), 2500.0 + PATIENCE),
        (Weather(0.0, outages=(Outage(Span(2000.0, 2500.0), ()),)), 2500.0 + PATIENCE),
        (Weather(0.0, naps=(Span(2200.0, 2300.0), Span(2500.0, 2600.0))), 2600.0 + PATIENCE),
        (Weather(0.0, naps=(Span(0.0, 2099.0), Span(2400.0, 9000.0))), DUE + PATIENCE),
    ],
)
def test_a_late_keepalive_is_reported_as_a_delay(weather: Weather, latest: float) -> None:
    assert delays(voyage(0.0, latest, weather=weather), SCHEDULE) == []
    late = latest + 1
    assert delays(voyage(0.0, late, weather=weather), SCHEDULE) == [Span(latest, late)]


def test_a_rate_limit_wait_or_a_refusal_excuses_a_late_keepalive() -> None:
    waited, refused = voyage(0.0, 2900.0), voyage(0.0, 3200.0)
    assert delays(waited, SCHEDULE)
    assert delays(refused, SCHEDULE)

    waited.history.waits.append(Span(2000.0, 2900.0 - PATIENCE))
    refused.history.refusals.append(2100.0)
    assert delays(waited, SCHEDULE) == []
    assert delays(refused, SCHEDULE) == []


def test_a_keepalive_missing_at_the_end_of_the_simulation_is_a_delay() -> None:
    history = voyage(0.0).history
    too_long = Voyage(Weather(DUE + PATIENCE + 1), history, (), 0, State.ACTIVE, 1)

    assert delays(too_long, SCHEDULE) == [Span(DUE + PATIENCE, DUE + PATIENCE + 1)]


@pytest.mark.parametrize(
    ("reported", "is_told"),
    [
        ((), False),
        ((Span(0.0, 5000.0),), True),
        ((Span(3600.0, 4000.0),), True),
        ((Span(0.0, 3999.0),), False),
        ((Span(3601.0, 5000.0),), False),
        ((Span(0.0, 3800.0), Span(3900.0, 5000.0)), False),
    ],
)
def test_a_lapse_counts_as_reported_if_one_reported_span_covers_it(
    reported: tuple[Span, ...], *, is_told: bool
) -> None:
    lapsed = replace(voyage(0.0), reported=reported)
    lapsed.history.extend("another key", 4000.0, is_ours=True)

    assert (unreported(lapsed) == []) is is_told


def test_every_broken_promise_is_one_line() -> None:
    bad = replace(voyage(0.0, 3000.0), ended_as=State.EXPIRED)
    bad.history.extend("another key", 8000.0, is_ours=False)
    bad.history.waits.append(Span(7000.0, 9000.0))
    bad.history.request(8999.0)

    assert broken_promises(bad, SCHEDULE) == [
        f"kept alive too late: {Span(DUE + PATIENCE, 3000.0)}",
        f"a lapse not reported: {Span(6600.0, 8000.0)}",
        "sent while no request was wanted: 8999.0",
        "there is no key in the end",
    ]


def test_the_figures_of_a_simulation_are_counted() -> None:
    counted = voyage(0.0, 1800.0, weather=Weather(0.0, naps=(Span(6000.0, 6300.0),)))
    counted.history.extend("another key", 6400.0, is_ours=True)

    lines = figures(counted)

    assert "lapses            1, not reported: 1" in lines
    assert "longest lapse     1000 s; with the machine awake: 700 s" in lines
    assert "requests          2, of which 0 struck" in lines
