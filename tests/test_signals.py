import os
import signal
import sys
from contextlib import aclosing

import anyio
import anyio.lowlevel
import pytest

from binance_mcp.signals import stop_signal, stop_signals

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"  # which the program runs on


posix = pytest.mark.skipif(os.name != "posix", reason="elsewhere no task can wait for a signal")


async def raise_once_handled(*names: str) -> None:
    while signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        await anyio.lowlevel.checkpoint()
    for name in names:
        signal.raise_signal(signal.Signals[name])


@posix
@pytest.mark.parametrize(("name", "code"), [("SIGTERM", 0), ("SIGINT", 130), ("SIGHUP", 0)])
async def test_a_signal_ends_the_wait_with_its_exit_code(name: str, code: int) -> None:
    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(raise_once_handled, name)
            assert await stop_signal() == code


@posix
async def test_signals_after_the_first_are_received_as_well() -> None:
    received: list[int] = []
    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks, aclosing(stop_signals()) as codes:
            tasks.start_soon(raise_once_handled, "SIGTERM", "SIGTERM", "SIGINT")
            async for code in codes:
                received.append(code)
                if code == 130:
                    break
    assert received == [0, 0, 130]


@posix
async def test_an_ignored_sighup_stays_ignored() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with anyio.fail_after(5):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(raise_once_handled, "SIGHUP", "SIGINT")
                assert await stop_signal() == 130
    finally:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)


async def test_on_windows_stop_signal_waits_without_handling_signals(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    unhandled = signal.getsignal(signal.SIGTERM)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(stop_signal)
        await anyio.wait_all_tasks_blocked()
        assert signal.getsignal(signal.SIGTERM) is unhandled
        tasks.cancel_scope.cancel()
