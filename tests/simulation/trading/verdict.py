"""Compares what a reader was told, and the account it was shown, with the truth. Pure."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any, Final

from tests.simulation.trading.told import Report, Told
from tests.simulation.trading.truth import Change, Event, Truth

_SHOWN: Final = 5
_CURSOR_LOST: Final = ("other_journal", "overflow")


def missing(told: Told, truth: Truth) -> list[str]:
    """Return what was not told, although it could have been read, or may still be read."""
    known = {change for change, _ in told.changes()}
    lost = [
        f"{change} of {events[0]['E']}"
        for change, events in truth.changes.items()
        if change not in known and excuse(told, change, events[0]["E"]) is None
    ]
    return lost + [f"what became of {gap}" for gap in told.unsettled]


def excuse(told: Told, change: Change, at: int) -> str | None:
    """Return why a change may be missing for ever; None if it may not. `at` is in milliseconds."""
    kind, symbol, *_ = change
    gaps = told.gaps_at(at)
    if any("since" not in gap for gap in gaps):
        return "before the first connection"
    is_first = (told.stops_since.get(symbol) or at) >= at
    return "the first stop of its symbol" if gaps and kind == "stop" and is_first else None


def figures(told: Told, truth: Truth) -> str:
    """Return how each change was told."""
    how: Counter[str] = Counter()
    repaired = {change for change, event in told.changes() if "repaired" in event}
    received = {change for change, _ in told.changes()} - repaired
    for change, (event, *_) in truth.changes.items():
        if change in received | repaired:
            how["repaired" if change in repaired else "received"] += 1
        else:
            how[excuse(told, change, event["E"]) or "lost"] += 1
    fills = sum(kind == "fill" for kind, *_ in truth.changes)
    return (
        f"{len(truth.changes)} changes, {fills} of them fills: {dict(how)}; "
        f"{len(told.events)} events in {told.calls} calls; gaps: {dict(told.reasons)}"
    )


def violations(told: Told, truth: Truth) -> Iterator[str]:
    """Yield what is wrong with what the reader was told."""
    by_change: dict[Change, list[Report]] = {}
    for change, event in told.changes():
        by_change.setdefault(change, []).append(event)
    yield from _some("missing, and in no gap that says why", missing(told, truth))
    twice = [str(each) for each, events in by_change.items() if _is_told_twice(events)]
    yield from _some("told twice", twice)
    yield from _some("never happened", [str(each) for each in by_change.keys() - truth.changes])
    wrong = [
        f"{change}: {difference}"
        for change, (event, *_) in by_change.items()
        for difference in _differences(event, truth.changes.get(change, ()))
    ]
    yield from _some("told otherwise than they happened", wrong)
    steps = pairwise(each["sequence"] for each in told.events)
    yield from _some("holes in the sequence", [f"{a} to {b}" for a, b in steps if b != a + 1])
    yield from _some("lost cursors", [each for each in _CURSOR_LOST if each in told.reasons])


def account_violations(snapshot: Mapping[str, Any], truth: Truth) -> Iterator[str]:
    """Yield what is wrong with the account that was shown."""
    balances = [Decimal(each["walletBalance"]) for each in snapshot["balances"]]
    positions = {each["symbol"]: Decimal(each["amount"]) for each in snapshot["positions"]}
    orders = {each["id"]: Decimal(each["filled"]) for each in snapshot["openOrders"]}
    shown = {
        "positions": (positions, truth.positions),
        "open orders": (orders, truth.open_orders),
        "stops": ({each["id"] for each in snapshot["stops"]}, truth.open_stops),
        "balance": (balances, [truth.wallet]),
        "exact": (snapshot["exact"], True),
    }
    for name, (found, right) in shown.items():
        if found != right:
            yield f"the account's {name}: {found}, but it is {right}"


def _is_told_twice(events: Sequence[Report]) -> bool:
    """Return whether one event was told again, or a change that was received was also repaired.

    A stop is received twice as it is triggered: when that begins, and when it is done.
    """
    ids = [event["eventId"] for event in events]
    return len(events) > 1 and (
        any("repaired" in event for event in events) or len(ids) > len(set(ids))
    )


def _differences(told: Report, events: Sequence[Event]) -> Iterator[str]:
    """Yield the members that an event has otherwise than the last event of the same change."""
    for event in events[-1:] if "repaired" in told else ():
        for name, value in told["data"]["o"].items():
            if not _is_same(value, event["o"].get(name)):
                yield f"{name} is {value!r}, but was {event['o'].get(name)!r}"


def _is_same(value: object, right: object) -> bool:
    try:
        return value == right or Decimal(str(value)) == Decimal(str(right))
    except ArithmeticError:
        return False


def _some(what: str, found: Sequence[str]) -> Iterator[str]:
    if found:
        yield f"{len(found)} {what}: {'; '.join(found[:_SHOWN])}"
