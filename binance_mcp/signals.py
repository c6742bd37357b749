"""Waiting for the signal to stop."""

import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

import anyio

_INTERRUPTED: Final = 130


async def stop_signal() -> int:
    """Wait for SIGTERM, SIGINT or SIGHUP, and return the exit code for it.

    On Windows, where no task can wait for a signal, Ctrl-C interrupts the program instead.
    """
    async with aclosing(stop_signals()) as codes:
        return await anext(codes)


async def stop_signals() -> AsyncGenerator[int]:
    """Yield the exit code for each such signal: 130 for SIGINT, otherwise 0.

    While the generator is open, the signals do not end the program. An ignored SIGHUP, as with
    `nohup`, stays ignored.
    """
    if sys.platform == "win32":
        await anyio.sleep_forever()
    stops = [signal.SIGTERM, signal.SIGINT]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        stops.append(signal.SIGHUP)
    with anyio.open_signal_receiver(*stops) as signals:
        while True:
            yield _INTERRUPTED if await anext(signals) is signal.SIGINT else 0
