"""A store that forgets nothing: all that was ever written to a journal."""

from dataclasses import dataclass, field

from binance_mcp.futures.user_stream.gap import Gap
from binance_mcp.futures.user_stream.store import Entry, Store


@dataclass
class Recorder(Store):
    entries: list[Entry] = field(default_factory=list[Entry])
    gaps: dict[int, Gap] = field(default_factory=dict[int, Gap])
    """By number, as they are now."""

    def write(self, entry: Entry) -> None:
        self.entries.append(entry)

    def write_gap(self, gap: Gap) -> None:
        self.gaps[gap.number] = gap

    def join_gaps(self, first: Gap, joined: Gap) -> None:
        """Forget nothing: the verdict is about each gap."""

    def drop(self, sequence: int, dropped: Gap) -> None:
        """Forget nothing."""
