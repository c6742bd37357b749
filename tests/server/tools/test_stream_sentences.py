from dataclasses import replace

import pytest

from binance_mcp.futures.user_stream.gap import Gap, GapReason, Repair
from binance_mcp.futures.user_stream.status import StreamState, StreamStatus
from binance_mcp.server.tools.stream_sentences import (
    checked_sentence,
    gap_sentence,
    span,
    stream_sentence,
    withheld_sentence,
)

NOW = 1_795_000_000.0
CONNECTED = StreamStatus(
    state=StreamState.CONNECTED,
    connected_since=NOW - 3600,
    last_event_at=NOW - 750,
    last_ping_at=NOW - 40,
    url_form="form",
    delivers=True,
    is_confirmed=True,
    silent_since=None,
    tried_beside=(),
    problem=None,
    reconnects=0,
    events_held=1,
    gap_count=1,
    gap=None,
    withheld=None,
    covered_since=NOW - 3600,
    covered_until=NOW - 40,
    compared_until=None,
)


def test_a_stream_in_order_says_since_when_it_is_quiet() -> None:
    assert stream_sentence(CONNECTED, NOW) == (
        "The stream is connected since 2026-11-18 10:06:40 UTC, quiet for 12 min, last ping 40 s "
        "ago."
    )


def test_up_to_when_the_events_were_compared_is_told_of_a_stream_without_a_break() -> None:
    assert checked_sentence(CONNECTED) == " Whether it withheld events has not been checked."
    assert checked_sentence(replace(CONNECTED, compared_until=NOW - 60.5)) == (
        " Fills and orders agree with Binance's lists up to 2026-11-18 11:05:39 UTC; the rest "
        "cannot be checked."
    )
    assert checked_sentence(replace(CONNECTED, covered_since=None)) == ""
    assert checked_sentence(replace(CONNECTED, state=StreamState.CONNECTING)) == ""


@pytest.mark.parametrize(
    ("repair", "sentence"),
    [
        (Repair(NOW, 2, 1), "2 fills and 1 order change were read from Binance"),
        (
            Repair(NOW, 0, 0, "how order 7 ended is not known"),
            "Binance lists no fill and no change of an order, but how order 7 ended is not known",
        ),
    ],
)
def test_what_a_connected_stream_withheld_is_counted(repair: Repair, sentence: str) -> None:
    gap = Gap(2, 5, NOW - 60, NOW - 30, GapReason.WITHHELD, repair)
    told = withheld_sentence(replace(CONNECTED, withheld=gap))
    assert told == f" Since 2026-11-18 11:05:40 UTC it withheld events: {sentence}."
    assert withheld_sentence(CONNECTED) == ""


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        (
            {"silent_since": NOW - 240, "is_confirmed": False},
            "Nothing has arrived for 4 min, although Binance pings every 3 minutes: an empty list",
        ),
        ({"is_confirmed": False}, "Binance has not confirmed the listen key since: an empty list"),
        ({"delivers": False, "last_ping_at": None}, "No event has arrived from this URL yet"),
        ({"state": StreamState.NO_KEY}, "Nothing is received: there is no active listen key."),
        (
            {"state": StreamState.CONNECTING, "problem": "the connection broke"},
            "The stream is not connected (the connection broke); it connects again by itself.",
        ),
        ({"state": StreamState.CONNECTING}, "The stream is not connected; it connects again"),
    ],
)
def test_whatever_makes_silence_meaningless_is_said(
    changed: dict[str, object], sentence: str
) -> None:
    status = replace(CONNECTED, **changed)  # pyright: ignore[reportArgumentType]
    assert sentence in stream_sentence(status, NOW)


@pytest.mark.parametrize("reason", GapReason)
def test_each_gap_says_what_may_be_missing_and_why(reason: GapReason) -> None:
    sentence = gap_sentence(Gap(1, 0, NOW - 60, NOW, reason), NOW)
    assert sentence.startswith(
        "Events between 2026-11-18 11:05:40 UTC and 2026-11-18 11:06:40 UTC may be missing: "
    )
    assert sentence.endswith(".")


def test_a_gap_is_told_in_the_whole_seconds_around_it() -> None:
    sentence = gap_sentence(Gap(1, 0, NOW + 0.6, NOW + 1.4, GapReason.DEAF), NOW + 9)
    assert "between 2026-11-18 11:06:40 UTC and 2026-11-18 11:06:42 UTC" in sentence


@pytest.mark.parametrize(
    ("repair", "found"),
    [
        (Repair(NOW, 2, 1), "2 fills and 1 order change were read from Binance"),
        (Repair(NOW, 0, 1), "1 order change was read from Binance"),
        (Repair(NOW), "Binance lists no fill and no change of an order"),
        (
            Repair(NOW, 1, 0, "2 orders were not looked up"),
            "1 fill was read from Binance, but 2 orders were not looked up",
        ),
    ],
)
def test_a_gap_that_was_repaired_says_what_was_found_and_what_was_not(
    repair: Repair, found: str
) -> None:
    gap = Gap(1, 0, NOW - 60, NOW, GapReason.DEAF)
    told = gap_sentence(replace(gap, repair=repair), NOW)
    rest = (
        "balance changes and margin calls cannot be read later, nor stops that came and went in a "
        "symbol without others."
    )
    assert told == f"{gap_sentence(gap, NOW)} Repaired: {found}; {rest}"


def test_a_gap_that_cannot_be_repaired_says_why() -> None:
    gap = Gap(1, 0, NOW - 60, NOW, GapReason.DEAF)
    refused = Repair(NOW, problem="Binance answered 401", is_refused=True)
    told = gap_sentence(replace(gap, repair=refused), NOW)
    assert told == f"{gap_sentence(gap, NOW)} Not repairable: Binance answered 401."


def test_a_gap_since_ever_and_one_that_goes_on() -> None:
    start = gap_sentence(Gap(1, 0, None, None, GapReason.START), NOW)
    assert start == "Events before now may be missing: this server was not connected before."


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1, "0 s"),
        (119, "119 s"),
        (120, "2 min"),
        (7199, "119 min"),
        (7200, "2 h"),
        (172_799, "47 h"),
        (172_800, "2 days"),
    ],
)
def test_a_length_of_time_is_in_the_unit_that_people_use(seconds: float, text: str) -> None:
    assert span(seconds) == text
