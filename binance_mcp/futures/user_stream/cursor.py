"""Where a reader of the journal is: an opaque text that the reader hands back."""

import re
from dataclasses import dataclass
from typing import Final, Self

_TEXT: Final = re.compile(r"([0-9a-f]{8})-([0-9]{1,6})-([0-9]{1,16})-([0-9]{1,16})")


@dataclass(frozen=True, slots=True)
class Cursor:
    """A position in a journal: after an event, and after a gap."""

    journal: str
    """Eight hexadecimal digits. Sequence numbers of different journals have nothing in common."""
    life: int
    """How often the journal had been opened. What a process received last, its end may lose."""
    sequence: int
    gap: int

    def __str__(self) -> str:
        return f"{self.journal}-{self.life}-{self.sequence}-{self.gap}"

    @classmethod
    def parsed(cls, text: str) -> Self | None:
        """Return the cursor that a text stands for; None if it is no cursor."""
        found = _TEXT.fullmatch(text)
        return cls(found[1], int(found[2]), int(found[3]), int(found[4])) if found else None
