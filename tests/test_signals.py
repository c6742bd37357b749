import os
import signal
import sys

import anyio
import anyio.lowlevel
import pytest

from binance_mcp.signals import stop_signal

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"  # which the program runs on


@pytest.mark.skipif(os.name != "posix", reason="elsewhere no task can wait for a signal")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
async def test_a_signal_ends_the_wait_with_its_exit_code(number: signal.Signals, code: int) -> None:
    unhandled = signal.getsignal(number)

    async def raise_once_handled() -> None:
        while signal.getsignal(number) is unhandled:
            await anyio.lowlevel.checkpoint()
        signal.raise_signal(number)

    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(raise_once_handled)
            assert await stop_signal() == code


async def test_on_windows_it_waits_without_handling_signals(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    unhandled = signal.getsignal(signal.SIGTERM)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(stop_signal)
        await anyio.wait_all_tasks_blocked()
        assert signal.getsignal(signal.SIGTERM) is unhandled
        tasks.cancel_scope.cancel()
