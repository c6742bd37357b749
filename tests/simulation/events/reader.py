"""A reader of the journal, at a pace of its own, by cursor."""

from dataclasses import dataclass, field

import anyio

from binance_mcp.futures.user_stream.gap import Gap, GapReason
from binance_mcp.futures.user_stream.journal import Journal


@dataclass
class Reader:
    journal: Journal
    pace: float
    """Seconds between two reads."""
    most: int
    seen: list[int] = field(default_factory=list[int])
    """Sequence numbers."""
    gaps: list[Gap] = field(default_factory=list[Gap])
    """Those that have ended."""
    overflows: int = 0

    def __post_init__(self) -> None:
        self.cursor = self.journal.oldest

    async def run(self) -> None:
        """Read, and never return."""
        while True:
            await anyio.sleep(self.pace)
            self.read()

    def read(self) -> bool:
        """Read once; return whether there is more."""
        page = self.journal.read(
            self.cursor, is_wanted=lambda _: True, most=self.most, most_bytes=1_000_000
        )
        self.overflows += page.is_truncated
        self.seen += [entry.sequence for entry in page.entries]
        ended = [gap for gap in page.gaps if gap.until is not None]
        self.gaps += [gap for gap in ended if gap.reason is not GapReason.OVERFLOW]
        self.cursor = page.next
        return page.has_more
