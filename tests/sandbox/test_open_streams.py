import pytest

from binance_mcp.sandbox.moment import Moment
from binance_mcp.sandbox.open_streams import OpenStreams
from binance_mcp.sandbox.stream_faults import (
    Form,
    StreamClose,
    StreamDeafForm,
    StreamDropNext,
    StreamFrame,
    StreamSilent,
)
from tests.sandbox.test_stream_faults import Ear

FORM: Form = "SUBSCRIBE"


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> Moment:
        return Moment(self.seconds, 1_700_000_000)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def streams(clock: Clock) -> OpenStreams:
    return OpenStreams(clock)


def opened(streams: OpenStreams) -> Ear:
    ear = Ear()
    streams.join(ear)
    return ear


def test_a_fault_strikes_every_open_stream_at_once_and_is_over(streams: OpenStreams) -> None:
    first, second, gone = opened(streams), opened(streams), opened(streams)
    streams.leave(gone)

    streams.arm(StreamClose(code=1011))

    assert [ear.closed_with for ear in (first, second, gone)] == [[1011], [1011], []]
    assert opened(streams).closed_with == []
    assert streams.armed == ()


def test_a_fault_that_lasts_strikes_the_streams_that_are_opened_meanwhile(
    streams: OpenStreams, clock: Clock
) -> None:
    streams.arm(StreamFrame(fault="stream_binary", seconds=10))

    clock.seconds = 9.9
    assert len(opened(streams).frames) == 1
    clock.seconds = 10
    assert opened(streams).frames == []


def test_silence_lasts_for_its_seconds_or_until_it_is_cleared(
    streams: OpenStreams, clock: Clock
) -> None:
    assert not streams.is_silent()

    streams.arm(StreamSilent(seconds=10))
    clock.seconds = 9.9
    assert streams.is_silent()
    clock.seconds = 10
    assert not streams.is_silent()

    streams.arm(StreamSilent())
    clock.seconds = 1e9
    assert streams.is_silent()
    streams.clear()
    assert not streams.is_silent()


def test_a_form_is_deaf_while_a_fault_names_it(streams: OpenStreams) -> None:
    streams.arm(StreamDeafForm(forms=(FORM,)))

    assert streams.is_deaf(FORM)
    assert not streams.is_deaf("/private/ws?listenKey=")
    streams.clear()
    assert not streams.is_deaf(FORM)


def test_as_many_events_are_withheld_as_were_asked_for(streams: OpenStreams) -> None:
    streams.arm(StreamDropNext(count=2))
    streams.arm(StreamDropNext())

    assert [streams.withholds_event() for _ in range(4)] == [True, True, True, False]

    streams.arm(StreamDropNext())
    streams.clear()
    assert not streams.withholds_event()


def test_what_is_armed_is_shown_with_what_is_left_of_it(streams: OpenStreams, clock: Clock) -> None:
    streams.arm(StreamSilent(seconds=10))
    streams.arm(StreamDeafForm(forms=(FORM,)))
    streams.arm(StreamDropNext(count=3))

    clock.seconds = 4
    streams.withholds_event()

    assert streams.armed == (
        StreamSilent(seconds=6),
        StreamDeafForm(forms=(FORM,)),
        StreamDropNext(count=2),
    )


def test_dropping_breaks_every_open_stream_once_and_counts_them(streams: OpenStreams) -> None:
    ears = [opened(streams), opened(streams)]

    assert [streams.drop(), streams.drop()] == [2, 0]
    assert all(ear.is_dropped for ear in ears)


def test_leaving_after_being_dropped_does_no_harm(streams: OpenStreams) -> None:
    ear = opened(streams)
    streams.drop()

    streams.leave(ear)

    assert streams.drop() == 0


def test_no_more_than_a_thousand_last(streams: OpenStreams) -> None:
    for _ in range(1000):
        streams.arm(StreamSilent())

    with pytest.raises(ValueError, match="1000 are armed already"):
        streams.arm(StreamSilent())
