"""When a line may be opened again after one has ended. Pure: the time is passed in."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from binance_mcp.futures.user_stream.url_form import UrlForm

_MOST_DOUBLINGS: Final = 6


@dataclass(eq=False)
class Attempts:
    """Attempts to open lines, with pauses that double: up to 64 times the first."""

    first_pause: float
    """In seconds; each pause is random, between 50 % and 150 %."""
    rng: Callable[[], float]
    retry_at: float = 0.0
    failures: Counter[UrlForm] = field(default_factory=Counter[UrlForm])

    def failed(self, form: UrlForm, now: float) -> float:
        """Record that a line of a form has ended, and return the pause."""
        self.failures[form] += 1
        doublings = min(self.failures[form] - 1, _MOST_DOUBLINGS)
        pause = self.first_pause * 2**doublings * (0.5 + self.rng())
        self.retry_at = now + pause
        return pause

    def begin(self, now: float) -> None:
        """Forget the failures, and allow an attempt now."""
        self.failures.clear()
        self.retry_at = now

    def ordered(self, forms: Iterable[UrlForm]) -> list[UrlForm]:
        """Return forms, those first that have failed least."""
        return sorted(forms, key=self.failures.__getitem__)
