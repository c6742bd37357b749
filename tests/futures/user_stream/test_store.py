from binance_mcp.futures.user_stream.event import UserEvent
from binance_mcp.futures.user_stream.gap import Gap, GapReason, Repair
from binance_mcp.futures.user_stream.journal import Journal
from binance_mcp.futures.user_stream.store import Entry, Store


class Notes(Store):
    """A store that notes what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[object, ...]] = []

    def write(self, entry: Entry) -> None:
        self.told.append(("event", entry.sequence, entry.source))

    def write_gap(self, gap: Gap) -> None:
        self.told.append(("gap", gap.since, gap.until, gap.repair))

    def join_gaps(self, first: Gap, joined: Gap) -> None:
        self.told.append(("join", first.number, joined.number, joined.since))

    def drop(self, sequence: int, dropped: Gap) -> None:
        self.told.append(("drop", sequence, dropped.since, dropped.until))


def test_a_store_is_told_all_that_happens_to_a_journal_in_its_order() -> None:
    notes, repair = Notes(), Repair(9.0)
    journal = Journal(most_events=1, store=notes)
    events = [UserEvent(each, "ACCOUNT_UPDATE", None, None, None, {}) for each in "ab"]
    journal.begin_gap(1.0, GapReason.START)
    journal.append(events[0], size=1, at=2.0)
    journal.end_gap(3.0)
    journal.settle(1, repair)
    journal.append(events[1], size=1, at=4.0, source="GET")
    assert notes.told == [
        ("gap", 1.0, None, None),
        ("event", 1, None),
        ("gap", 1.0, 3.0, None),
        ("gap", 1.0, 3.0, repair),
        ("event", 2, "GET"),
        ("drop", 1, 2.0, 2.0),
    ]


def test_a_store_is_told_which_gaps_have_become_one() -> None:
    notes = Notes()
    journal = Journal(store=notes)
    for at in range(201):
        journal.begin_gap(float(at), GapReason.DISCONNECTED)
        journal.end_gap(at + 0.5)
    assert [each for each in notes.told if each[0] == "join"] == [("join", 1, 2, 0.0)]
