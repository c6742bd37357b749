"""Waiting for the signal to stop."""

import signal
import sys
from typing import Final

import anyio

_INTERRUPTED: Final = 130


async def stop_signal() -> int:
    """Wait for SIGTERM or SIGINT, and return the exit code that follows: 0 or 130.

    On Windows, where no task can wait for a signal, Ctrl-C interrupts the program instead.
    """
    if sys.platform == "win32":
        await anyio.sleep_forever()
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        received = await anext(signals)
    return _INTERRUPTED if received is signal.SIGINT else 0
