import pytest

from tests.simulation.storm.span import Span, first_gap

SPANS = (Span(50.0, 60.0), Span(10.0, 20.0), Span(15.0, 30.0))


@pytest.mark.parametrize(
    ("since", "seconds", "start"),
    [
        (0.0, 10.0, 0.0),
        (0.0, 11.0, 30.0),
        (12.0, 1.0, 30.0),
        (35.0, 15.0, 35.0),
        (35.0, 16.0, 60.0),
        (99.0, 1e9, 99.0),
    ],
)
def test_first_gap_is_the_first_that_is_long_enough(
    since: float, seconds: float, start: float
) -> None:
    assert first_gap(SPANS, since=since, seconds=seconds) == start


@pytest.mark.parametrize(
    ("other", "seconds"),
    [(Span(0.0, 1.0), 0.0), (Span(1.0, 12.0), 2.0), (Span(12.0, 99.0), 8.0), (Span(12.0, 13.0), 1)],
)
def test_an_overlap_is_the_time_in_both_spans(other: Span, seconds: float) -> None:
    assert Span(10.0, 20.0).overlap(other) == other.overlap(Span(10.0, 20.0)) == seconds
