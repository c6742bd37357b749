"""Calls that share their end, so that any number of them at a time cost one request."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field

from binance_mcp.errors import BinanceError


@dataclass(frozen=True, eq=False)
class End:
    """How a call ended."""

    recv_window: float | None = None
    error: BinanceError | None = None


@dataclass(eq=False)
class SharedCalls:
    """The calls of one kind. Those made while one of them is under way share its end."""

    last: End = field(default_factory=End)

    @contextmanager
    def one(self, recv_window: float | None) -> Generator[None]:
        """Note how a call ends, unless it is cancelled: that is nobody else's end."""
        try:
            yield
        except BinanceError as error:
            self.last = End(recv_window, error)
            raise
        self.last = End()

    def have_succeeded_since(self, seen: End, recv_window: float | None) -> bool:
        """Return whether a call has succeeded since `seen` was the last end.

        Raises:
            BinanceError: One has failed, and nothing says that another `recv_window` would not.

        """
        if self.last is seen:
            return False
        if self.last.error is None:
            return True
        if self.last.recv_window != recv_window:
            return False
        raise self.last.error
