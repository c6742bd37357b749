"""A user data stream of the sandbox at work, on the virtual clock."""

from collections.abc import Callable
from typing import Any

import pytest

from binance_mcp.futures.user_stream.journal import Journal, Page
from binance_mcp.sandbox.app import AccountKeys, Sandbox
from tests.simulation.storm.machine import Machine

Push = Callable[[dict[str, Any]], int]


@pytest.fixture
def push(sandbox: Sandbox, account: AccountKeys, machine: Machine) -> Push:
    """Push an event, made now, to the account's streams."""

    def push(event: dict[str, Any]) -> int:
        made_now = event | {"E": round(machine.wall_clock() * 1000)}
        return sandbox.push(made_now, api_key=account.api_key)

    return push


def everything(journal: Journal) -> Page:
    """Return what a first reader of a journal gets."""
    return journal.read(journal.oldest, is_wanted=lambda _: True, most=100_000, most_bytes=2**40)
