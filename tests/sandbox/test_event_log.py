import pytest

from binance_mcp.sandbox import event_log
from binance_mcp.sandbox.event_log import EventLog, RecordedEvent
from binance_mcp.sandbox.moment import Moment


def filled(count: int) -> EventLog:
    log = EventLog()
    for number in range(1, count + 1):
        log.add({"n": number}, account=2, delivered=3, now=Moment(0, number))
    return log


def sequences(log: EventLog, after: int) -> list[int]:
    return [each.sequence for each in log.after(after)]


def test_an_event_is_recorded_with_its_sequence_time_account_and_receivers() -> None:
    [recorded] = filled(1).after(0)

    assert recorded == RecordedEvent(1, 1000, 2, 3, {"n": 1})
    assert recorded.content == {
        "sequence": 1,
        "time": 1000,
        "account": 2,
        "delivered": 3,
        "event": {"n": 1},
    }


def test_what_an_event_holds_is_not_printed() -> None:
    assert "event" not in repr(filled(1).after(0)[0])


@pytest.mark.parametrize(
    ("after", "expected"), [(0, [1, 2, 3]), (1, [2, 3]), (3, []), (4, []), (-1, [1, 2, 3])]
)
def test_events_are_read_from_any_sequence(after: int, expected: list[int]) -> None:
    assert sequences(filled(3), after) == expected


def test_the_oldest_are_forgotten_and_sequences_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_log, "REMEMBERED", 3)

    log = filled(5)

    assert (sequences(log, 0), sequences(log, 2), sequences(log, 4)) == ([3, 4, 5], [3, 4, 5], [5])
    assert log.count == 5
