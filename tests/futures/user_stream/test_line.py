import json

import pytest

from binance_mcp.futures.listen_key import ListenKey
from binance_mcp.futures.user_stream.event import parse_frame
from binance_mcp.futures.user_stream.line import DEAF_SECONDS, LIFETIME_SECONDS, Line, Received
from binance_mcp.futures.user_stream.url_form import URL_FORMS
from tests.futures.user_stream.documented_events import fill

pytestmark = pytest.mark.anyio


async def test_a_line_knows_what_it_brought_and_when() -> None:
    times = iter([10.0, 20.0, 30.0])
    line = Line(ListenKey("key"), URL_FORMS[0], lambda: next(times), started_at=9.0)
    assert (line.is_open, line.is_old(1e9), line.is_deaf(1e9)) == (False, False, False)
    assert line.quiet_since() == 9
    line.open()
    assert (line.is_open, line.opened_at, line.heard_at, line.quiet_since()) == (True, 10, 10, 10)
    line.hear(is_ping=False)
    assert (line.heard_at, line.pinged_at) == (20, None)
    line.hear(is_ping=True)
    assert (line.heard_at, line.pinged_at) == (30, 30)


async def test_a_line_brought_everything_that_was_sent_a_second_before_it_was_last_heard() -> None:
    line = Line(ListenKey("key"), URL_FORMS[0], lambda: 100.0, started_at=9.0)
    line.open()
    assert line.received_until() == 99


@pytest.mark.parametrize(("delay", "until"), [(7, 92), (0, 99), (-7, 99), (301, 99)])
async def test_an_event_that_arrives_late_shows_that_others_are_on_their_way(
    delay: int, until: int
) -> None:
    line = Line(ListenKey("key"), URL_FORMS[0], lambda: 100.0, started_at=9.0)
    line.open()
    event = parse_frame(json.dumps(fill(1, E=1000_000)))
    assert event is not None
    line.deliver(event, 1000 + delay)
    assert (line.received_until(), line.quiet_since()) == (until, 100)
    line.hear(is_ping=True)
    assert line.received_until() == 99


async def test_a_line_is_deaf_after_so_long_without_anything_and_old_after_most_of_a_day() -> None:
    line = Line(ListenKey("key"), URL_FORMS[0], lambda: 0.0, started_at=0.0)
    line.open()
    assert [line.is_deaf(DEAF_SECONDS + more) for more in (0, 1)] == [False, True]
    assert [line.is_old(LIFETIME_SECONDS + more) for more in (0, 1)] == [False, True]


async def test_a_line_that_holds_too_much_forgets_what_another_has_brought() -> None:
    line = Line(ListenKey("key"), URL_FORMS[0], lambda: 0.0, started_at=0.0)
    events = [parse_frame(json.dumps(fill(number))) for number in (1, 2)]
    line.held = [Received(event, 1, 0.0) for event in events if event]
    assert line.forget_held(lambda event: event is events[0])
    assert [each.event for each in line.held] == events[1:]
    assert not line.forget_held(lambda event: event is events[0])
