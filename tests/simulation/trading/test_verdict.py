from typing import Any, Final

import pytest

from tests.simulation.trading.told import Report, Told
from tests.simulation.trading.truth import Event, Truth
from tests.simulation.trading.verdict import account_violations, figures, violations

AT: Final = 1_795_000_000_000
START: Final = {"afterSequence": 0, "until": "2026-11-18T11:06:40Z", "reason": "start"}


def order(execution: str, status: str, *, at: int = AT, trade: int = 0, **more: object) -> Event:
    """Return an event of order 7."""
    about = {"s": "BTCUSDT", "S": "SELL", "i": 7, "t": trade, "l": "0.50", "z": "0.5"}
    content = {**about, "x": execution, "X": status, **more}
    return {"e": "ORDER_TRADE_UPDATE", "E": at, "o": content}


def stop(status: str, *, at: int = AT, number: int = 3) -> Event:
    return {"e": "ALGO_UPDATE", "E": at, "o": {"s": "BTCUSDT", "aid": number, "X": status}}


def balance(wallet: str) -> Event:
    return {"e": "ACCOUNT_UPDATE", "E": AT, "a": {"B": [{"wb": wallet}]}}


PLACED: Final = order("NEW", "NEW", z="0")
FILL: Final = order("TRADE", "PARTIALLY_FILLED", trade=1)
END: Final = order("CANCELED", "CANCELED")
TRIGGER: Final = (stop("NEW"), stop("TRIGGERING"), stop("TRIGGERED"), stop("FINISHED"))


def told(*events: Event, repaired: tuple[Event, ...] = (), gaps: tuple[Report, ...] = ()) -> Told:
    """Return what a reader was told in one answer."""
    reports: list[dict[str, Any]] = [
        {"sequence": place, "eventId": str(event), "data": event}
        | ({"repaired": {}} if place > len(events) else {})
        for place, event in enumerate((*events, *repaired), start=1)
    ]
    found = Told()
    found.add({"events": reports, "gaps": gaps})
    return found


def gap(since: int, until: int, **more: object) -> Report:
    """Return a gap between two seconds after the beginning."""
    times = {"since": f"2026-11-18T11:06:{since:02}Z", "until": f"2026-11-18T11:06:{until:02}Z"}
    return {"afterSequence": 0, "reason": "restart", **times, **more}


def wrong(found: Told, *events: Event) -> list[str]:
    return [each.split(":")[0] for each in violations(found, Truth(events))]


def test_what_is_told_exactly_once_is_right_however_it_was_learnt() -> None:
    truth = (PLACED, FILL, END, *TRIGGER)
    assert wrong(told(*truth), *truth) == []
    repaired = order("TRADE", "PARTIALLY_FILLED", trade=1, l="0.5")
    found = told(PLACED, END, *TRIGGER, repaired=(repaired,))
    assert wrong(found, *truth) == []
    assert "6 changes, 1 of them fills: {'received': 5, 'repaired': 1}" in figures(
        found, Truth(truth)
    )


@pytest.mark.parametrize("lost", [PLACED, FILL, END])
def test_what_is_not_told_is_missing(lost: Event) -> None:
    truth = [PLACED, FILL, END]
    found = told(*(each for each in truth if each is not lost))
    assert wrong(found, *truth) == ["1 missing, and in no gap that says why"]
    assert "'lost': 1" in figures(found, Truth(truth))


def test_a_gap_that_was_repaired_excuses_nothing_else() -> None:
    settled = gap(30, 50, repair={"fills": 0, "orders": 0})
    assert wrong(told(gaps=(settled,)), FILL) == ["1 missing, and in no gap that says why"]


def test_nothing_is_promised_before_the_first_connection() -> None:
    assert wrong(told(gaps=(START,)), FILL) == []
    assert wrong(told(gaps=(START,)), order("TRADE", "FILLED", at=AT + 5000, trade=1)) != []


def test_a_stop_may_be_missing_in_a_gap_if_none_of_its_symbol_was_seen_before() -> None:
    settled, later = gap(30, 50, repair={}), stop("NEW", at=AT + 5000, number=4)
    assert wrong(told(gaps=(settled,)), stop("NEW")) == []
    assert wrong(told(later, gaps=(settled,)), stop("NEW"), later) == []
    assert wrong(told(stop("NEW"), gaps=(settled,)), stop("NEW"), later) != []
    assert wrong(told(), stop("NEW")) != []


def test_a_gap_of_which_more_is_to_be_known_is_missing_that() -> None:
    assert wrong(told(gaps=(gap(30, 50),))) == ["1 missing, and in no gap that says why"]
    settled = gap(30, 50, repair={"fills": 0, "orders": 0})
    assert wrong(told(gaps=(gap(30, 50), settled))) == []


@pytest.mark.parametrize("again", [FILL, PLACED, END])
def test_what_is_told_again_is_told_twice(again: Event) -> None:
    truth = (PLACED, FILL, END)
    assert wrong(told(*truth, again), *truth) == ["1 told twice"]
    assert wrong(told(*truth, repaired=(again,)), *truth) == ["1 told twice"]


def test_what_never_happened_is_found() -> None:
    assert wrong(told(FILL)) == ["1 never happened"]


def test_what_was_repaired_is_compared_member_by_member() -> None:
    other = order("TRADE", "FILLED", trade=1, l="0.4")
    assert wrong(told(repaired=(other,)), FILL) == ["2 told otherwise than they happened"]


def test_holes_in_the_sequence_and_lost_cursors_are_found() -> None:
    found = told(PLACED)
    found.add({"events": [{"sequence": 3, "eventId": "", "data": FILL}], "gaps": []})
    assert wrong(found, PLACED, FILL) == ["1 holes in the sequence"]
    lost = {"afterSequence": 0, "until": START["until"], "reason": "other_journal"}
    assert wrong(told(gaps=(lost,))) == ["1 lost cursors"]


def test_an_account_is_right_if_it_is_what_the_events_say() -> None:
    truth = Truth((PLACED, FILL, stop("NEW"), stop("CANCELED", number=4), balance("99.50")))
    right: dict[str, Any] = {
        "positions": [{"symbol": "BTCUSDT", "amount": "-0.5"}],
        "openOrders": [{"id": "7", "filled": "0.50"}],
        "stops": [{"id": "3"}],
        "balances": [{"walletBalance": "99.5"}],
        "exact": True,
    }
    assert list(account_violations(right, truth)) == []
    assert len(list(account_violations(right, Truth(())))) == len(right) - 1
    for name in right:
        nothing: object = False if name == "exact" else []
        assert len(list(account_violations(right | {name: nothing}, truth))) == 1
