"""A short course of a stream on which everything happens."""

import pytest

from tests.simulation.events.course import sail
from tests.simulation.events.storm import sail_through_a_storm
from tests.simulation.events.verdict import broken_promises, missing


@pytest.mark.parametrize("seed", [1, 2])
def test_every_event_is_in_the_journal_once_and_in_order_or_inside_a_gap(seed: int) -> None:
    outcome = sail(seed, 600)
    assert broken_promises(outcome) == []
    assert len(outcome.truth) >= 600
    assert missing(outcome)
    assert len(outcome.happened) >= 4


def test_it_is_so_in_a_storm_as_well() -> None:
    outcome = sail_through_a_storm(seed=4, days=2)
    assert broken_promises(outcome) == []
    assert missing(outcome)


def test_an_event_that_was_lost_outside_every_gap_is_named() -> None:
    outcome = sail(1, 100)
    (last, *_) = outcome.recorder.entries[-1:]
    outcome.recorder.entries.remove(last)
    outcome.recorder.gaps.clear()
    assert any(line.startswith("lost: event") for line in broken_promises(outcome))
