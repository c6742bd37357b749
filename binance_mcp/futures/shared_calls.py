"""Sharing results: any number of concurrent calls of one kind cost one request."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field

from binance_mcp.futures.binance_error import BinanceError


@dataclass(frozen=True, eq=False)
class Outcome:
    """The outcome of a call; without an error, it succeeded."""

    recv_window: float | None = None
    error: BinanceError | None = None


@dataclass(eq=False)
class SharedCalls:
    """The calls of one kind. Those made while one is under way share its outcome."""

    last: Outcome = field(default_factory=Outcome)

    @contextmanager
    def one(self, recv_window: float | None) -> Generator[None]:
        """Record the outcome of a call, unless it is cancelled, which concerns no other call."""
        try:
            yield
        except BinanceError as error:
            # A copy: a traceback keeps the call's frames alive, and so the outcome before it.
            self.last = Outcome(recv_window, error.copied())
            raise
        self.last = Outcome()

    def have_succeeded_since(self, seen: Outcome, recv_window: float | None) -> bool:
        """Return whether a call has succeeded since `seen` was the last outcome.

        Raises:
            BinanceError: A call with the same `recv_window` has failed since then.

        """
        if self.last is seen:
            return False
        if self.last.error is None:
            return True
        if self.last.recv_window != recv_window:
            return False
        raise self.last.error.copied()
