"""All that was ever in a journal, whose processes have a file in common."""

from dataclasses import dataclass, field

from binance_mcp.futures.user_stream.change import Change, change_of
from binance_mcp.futures.user_stream.events_file import EventsFile
from binance_mcp.futures.user_stream.gap import Gap
from binance_mcp.futures.user_stream.store import Entry, OpenOrders
from tests.simulation.events.recorder import Recorder


@dataclass
class Notes(Recorder):
    """Writes to the file as well. Nothing in it is forgotten."""

    file: EventsFile | None = None
    """That of the present process."""
    by_change: dict[Change, list[Entry]] = field(default_factory=dict[Change, list[Entry]])

    settled: list[float] = field(default_factory=list[float])
    """When something was learned from Binance's lists, since the Unix epoch."""

    @property
    def open_file(self) -> EventsFile:
        assert self.file is not None
        return self.file

    def write(self, entry: Entry) -> None:
        super().write(entry)
        if change := change_of(entry.event):
            self.by_change.setdefault(change, []).append(entry)
        self.open_file.write(entry)

    def write_gap(self, gap: Gap) -> None:
        super().write_gap(gap)
        if gap.repair:
            self.settled.append(gap.repair.at)
        self.open_file.write_gap(gap)

    def join_gaps(self, first: Gap, joined: Gap) -> None:
        self.open_file.join_gaps(first, joined)

    def drop(self, sequence: int, dropped: Gap) -> None:
        self.open_file.drop(sequence, dropped)

    def write_open(self, known: OpenOrders) -> None:
        self.open_file.write_open(known)
