from collections.abc import Sequence
from typing import Any

import pytest

from tests.matrix.judgement import Answer, Rows, Verdict, judge_events

AT = 1_795_000_000.0
"""2026-11-18 11:06:40 UTC"""
FILL = {"e": "ORDER_TRADE_UPDATE", "o": {"i": 1, "X": "FILLED"}}
AROUND = {"since": "2026-11-18T11:06:00Z", "until": "2026-11-18T11:07:00Z"}
EARLIER = {"since": "2026-11-18T11:00:00Z", "until": "2026-11-18T11:01:00Z"}
MAY_BE_MISSING = "Events between … may be missing: the connection was lost."
ALL_READ = {"repair": {"fills": 0, "orders": 0}}
NOT_READ = {"repair": {"fills": 0, "orders": 0, "problem": "something"}}
REST = " Repaired: …; balance changes and margin calls cannot be read later."
UNCHECKED = "Whether it withheld events has not been checked."
COMPARED = "Fills and orders agree with Binance's lists up to 2026-11-18 11:06:{} UTC; the rest …"
CANNOT = COMPARED.replace("…", "cannot be checked.")


def judged(
    text: str,
    gaps: Sequence[dict[str, Any]] = (),
    events: Sequence[dict[str, Any]] = (),
    *,
    listed: bool = True,
) -> Verdict:
    def is_filled(rows: Rows) -> bool:
        return FILL in rows

    answer = Answer(text, {"events": events, "gaps": gaps})
    return judge_events(answer, is_filled, AT, listed=listed)


def test_an_event_that_is_told_answers_the_question() -> None:
    assert judged("", events=[{"data": FILL}]) is Verdict.YES
    assert judged("", events=[{"data": FILL, "repaired": {}}]) is Verdict.READ_LATER


@pytest.mark.parametrize(
    ("text", "gaps"),
    [
        ("No events arrived; the stream had no break.", []),
        ("No events arrived; the stream had no break.", [EARLIER]),
        (COMPARED.format(40), []),
        (MAY_BE_MISSING + REST, [AROUND | ALL_READ]),
        ("", [AROUND]),
    ],
)
def test_an_answer_that_denies_what_happened_is_wrong(
    text: str, gaps: list[dict[str, Any]]
) -> None:
    assert judged(text, gaps) is Verdict.WRONG


@pytest.mark.parametrize(
    ("text", "gaps"),
    [
        ("No events arrived; whether something happened is not known.", []),
        ("Nothing is received: there is no active listen key.", []),
        (UNCHECKED, []),
        (COMPARED.format(39), []),
        (MAY_BE_MISSING, [AROUND]),
        (MAY_BE_MISSING, [{"since": AROUND["since"]}]),
        (MAY_BE_MISSING, [{"until": AROUND["until"]}]),
        (MAY_BE_MISSING + REST, [AROUND | NOT_READ]),
    ],
)
def test_an_answer_that_leaves_it_open_is_honest(text: str, gaps: list[dict[str, Any]]) -> None:
    assert judged(text, gaps) is Verdict.UNKNOWN


def test_what_binance_does_not_list_is_left_open_only_if_the_text_says_so() -> None:
    assert judged(COMPARED.format(50), listed=False) is Verdict.WRONG
    assert judged(CANNOT.format(50), listed=False) is Verdict.UNKNOWN
    assert judged(MAY_BE_MISSING, [AROUND | ALL_READ], listed=False) is Verdict.WRONG
    assert judged(MAY_BE_MISSING + REST, [AROUND | ALL_READ], listed=False) is Verdict.UNKNOWN
