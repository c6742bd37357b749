from dataclasses import replace
from typing import Final

import pytest

from binance_mcp.futures.user_stream.gap import Gap, GapReason, Repair
from binance_mcp.futures.user_stream.store import Entry
from binance_mcp.futures.user_stream.summary import summary
from binance_mcp.server.tools.event_report import event_report, gap_report
from tests.futures.user_stream.documented_events import DOCUMENTED
from tests.futures.user_stream.test_event import parsed

NOW: Final = 1_795_000_000.0
TRADE: Final = Entry(7, NOW, 100, parsed(DOCUMENTED[3]))
GAP: Final = Gap(2, 5, NOW - 60, NOW, GapReason.DEAF)


def test_an_event_is_reported_with_its_line_and_its_times() -> None:
    assert event_report(TRADE, detail=False).as_json() == {
        "sequence": 7,
        "eventId": "TRADE_LITE:BTCUSDT:8886774:109100866:1721895408214",
        "type": "TRADE_LITE",
        "eventTime": "2024-07-25T08:16:48.092Z",
        "transactionTime": "2024-07-25T08:16:48.214Z",
        "symbol": "BTCUSDT",
        "summary": summary(TRADE.event),
    }


def test_the_detail_of_an_event_is_binance_s_own_object() -> None:
    assert event_report(TRADE, detail=True).as_json()["data"] == TRADE.event.data


def test_an_event_that_was_read_is_reported_with_the_request_and_when_it_was_sent() -> None:
    read = replace(TRADE, source="GET /fapi/v1/userTrades")
    assert event_report(read, detail=False).as_json()["repaired"] == {
        "source": "GET /fapi/v1/userTrades",
        "askedAt": "2026-11-18T11:06:40Z",
    }


def test_what_an_event_does_not_have_is_left_out() -> None:
    event = replace(TRADE.event, event_time=None, transaction_time=None, symbol=None)
    report = event_report(replace(TRADE, event=event), detail=False).as_json()
    assert sorted(report) == ["eventId", "sequence", "summary", "type"]


@pytest.mark.parametrize(
    ("at", "date"), [(0, "1970-01-01T00:00:00.000Z"), (59_999, "00:00:59.999Z")]
)
def test_a_time_is_reported_to_the_millisecond(at: int, date: str) -> None:
    event = replace(TRADE.event, event_time=at)
    report = event_report(replace(TRADE, event=event), detail=False)
    assert report.event_time is not None
    assert report.event_time.endswith(date)


def test_a_gap_is_reported_between_the_whole_seconds_around_it() -> None:
    gap = replace(GAP, since=NOW + 0.6, until=NOW + 1.4)
    assert gap_report(gap).as_json() == {
        "afterSequence": 5,
        "since": "2026-11-18T11:06:40Z",
        "until": "2026-11-18T11:06:42Z",
        "reason": "deaf",
    }


def test_a_gap_since_ever_that_goes_on_has_no_times() -> None:
    gap = replace(GAP, since=None, until=None, reason=GapReason.START)
    assert gap_report(gap).as_json() == {"afterSequence": 5, "reason": "start"}


@pytest.mark.parametrize(
    ("repair", "reported"),
    [
        (Repair(NOW), {"fills": 0, "orders": 0}),
        (Repair(NOW, 2, 1), {"fills": 2, "orders": 1}),
        (Repair(NOW, problem="doubt"), {"fills": 0, "orders": 0, "problem": "doubt"}),
        (Repair(NOW, problem="refused", is_refused=True), {"problem": "refused"}),
    ],
)
def test_what_was_found_about_a_gap_is_reported_with_it(
    repair: Repair, reported: dict[str, object]
) -> None:
    assert gap_report(replace(GAP, repair=repair)).as_json()["repair"] == reported
