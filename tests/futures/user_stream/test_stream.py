from typing import Final

import anyio
import pytest

from binance_mcp.futures.keeper import ListenKeyKeeper
from binance_mcp.futures.user_stream.gap import GapReason
from binance_mcp.futures.user_stream.journal import Journal
from binance_mcp.futures.user_stream.stream import UserStream
from binance_mcp.sandbox.app import AccountKeys, Sandbox
from tests.futures.user_stream.conftest import Push, everything
from tests.futures.user_stream.documented_events import fill
from tests.futures.user_stream.pinging import Network
from tests.server.connections import another_program_closes_the_key
from tests.simulation.storm.machine import START_OF_A_MINUTE, Machine

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("stream")]

DAY: Final = 86_400


def received(journal: Journal) -> list[int]:
    """Return the trade ids in a journal, in order."""
    entries = everything(journal).entries
    return [each.event.data["o"]["t"] for each in entries if "o" in each.event.data]


def reasons(journal: Journal) -> list[GapReason]:
    return [gap.reason for gap in everything(journal).gaps]


async def test_it_connects_as_soon_as_there_is_a_key_and_keeps_events(
    stream: UserStream, keeper_at_work: ListenKeyKeeper, journal: Journal, push: Push
) -> None:
    await anyio.sleep(100)
    assert stream.main is None
    await keeper_at_work.create()
    await anyio.sleep(1)
    push(fill(1))
    push(fill(2))
    await anyio.sleep(1)
    assert received(journal) == [1, 2]
    (gap,) = everything(journal).gaps
    assert (gap.since, gap.reason) == (None, GapReason.START)
    assert gap.until == pytest.approx(START_OF_A_MINUTE + 100, abs=1)
    assert journal.covered_since == gap.until


async def test_a_key_that_another_program_closes_is_replaced_within_seconds(
    keeper_at_work: ListenKeyKeeper,
    journal: Journal,
    push: Push,
    sandbox: Sandbox,
    account: AccountKeys,
) -> None:
    first = await keeper_at_work.create()
    await anyio.sleep(1000)
    await another_program_closes_the_key(sandbox, account)
    await anyio.sleep(2)
    active = keeper_at_work.life.active
    assert active is not None
    assert active.key != first.key
    push(fill(1))
    await anyio.sleep(1)
    assert received(journal) == [1]
    gap = everything(journal).gaps[-1]
    assert gap.reason is GapReason.ROTATION
    assert gap.since == pytest.approx(START_OF_A_MINUTE + 999, abs=0.2)
    assert gap.until == pytest.approx(START_OF_A_MINUTE + 1000, abs=0.5)
    (rotation,) = keeper_at_work.life.rotations
    assert rotation.missing_since == pytest.approx(1000, abs=0.2)


async def test_a_key_that_is_closed_here_is_a_gap_until_the_next_one(
    stream: UserStream, keeper_at_work: ListenKeyKeeper, journal: Journal
) -> None:
    await keeper_at_work.create()
    await anyio.sleep(10)
    await keeper_at_work.close()
    await anyio.sleep(10)
    assert stream.main is None
    assert journal.gap is not None
    assert journal.gap.reason is GapReason.NO_KEY
    assert journal.covered_since is None
    await keeper_at_work.create()
    await anyio.sleep(1)
    assert journal.gap is None


async def test_a_connection_that_breaks_is_a_gap_and_is_replaced(
    stream: UserStream,
    keeper_at_work: ListenKeyKeeper,
    journal: Journal,
    push: Push,
    network: Network,
) -> None:
    await keeper_at_work.create()
    await anyio.sleep(30)
    push(fill(1))
    await anyio.sleep(30)
    network.break_all()
    await anyio.sleep(5)
    push(fill(2))
    await anyio.sleep(1)
    assert received(journal) == [1, 2]
    gap = everything(journal).gaps[-1]
    assert gap.reason is GapReason.DISCONNECTED
    assert gap.since == pytest.approx(START_OF_A_MINUTE + 29, abs=0.2)
    assert gap.until == pytest.approx(START_OF_A_MINUTE + 61, abs=2)
    assert stream.reconnects == 1
    assert stream.problem == "the connection broke"


async def test_the_key_is_confirmed_after_a_connection_is_replaced(
    stream: UserStream, keeper_at_work: ListenKeyKeeper, network: Network, sandbox: Sandbox
) -> None:
    await keeper_at_work.create()
    await anyio.sleep(60)
    network.break_all()
    await anyio.sleep(5)
    assert stream.main is not None
    assert stream.confirmation.covers(stream.main)
    rest = [each.method for each in sandbox.requests if each.path == "/fapi/v1/listenKey"]
    assert rest == ["POST", "PUT"]


async def test_a_key_that_ends_while_nothing_is_connected_is_replaced_however_new_it_is(
    stream: UserStream,
    keeper_at_work: ListenKeyKeeper,
    network: Network,
    sandbox: Sandbox,
    account: AccountKeys,
) -> None:
    await keeper_at_work.create()
    await anyio.sleep(1)
    old = stream.key
    network.break_all()
    await another_program_closes_the_key(sandbox, account)
    await anyio.sleep(5)
    assert stream.key not in (old, None)


async def test_nothing_is_covered_before_the_key_is_confirmed(
    stream: UserStream,
    keeper_at_work: ListenKeyKeeper,
    network: Network,
    sandbox: Sandbox,
    journal: Journal,
) -> None:
    await keeper_at_work.create()
    await anyio.sleep(60)
    sandbox.arm("http_503_-1001", times=5, method="PUT")
    network.break_all()
    await anyio.sleep(10)
    assert stream.main is not None
    assert stream.main.is_open
    assert journal.covered_since is None
    assert "could not be confirmed" in str(stream.problem)
    await anyio.sleep(60)
    assert journal.covered_since == pytest.approx(START_OF_A_MINUTE + 61, abs=2)


async def test_a_connection_that_brings_nothing_is_replaced_and_the_gap_named(
    stream: UserStream,
    keeper_at_work: ListenKeyKeeper,
    journal: Journal,
    push: Push,
    network: Network,
) -> None:
    await keeper_at_work.create()
    await anyio.sleep(10)
    network.is_deaf = True
    push(fill(1))
    await anyio.sleep(200)
    network.is_deaf = False
    await anyio.sleep(100)
    push(fill(2))
    await anyio.sleep(1)
    assert received(journal) == [2]
    gap = everything(journal).gaps[-1]
    assert gap.reason is GapReason.DEAF
    assert gap.since is not None
    assert gap.since <= START_OF_A_MINUTE + 10
    assert stream.problem == "it brought neither events nor pings"


async def test_a_quiet_account_is_no_alarm_for_days(
    stream: UserStream, keeper_at_work: ListenKeyKeeper, journal: Journal
) -> None:
    await keeper_at_work.create()
    await anyio.sleep(4 * DAY)
    assert reasons(journal) == [GapReason.START]
    assert stream.reconnects == 0
    assert stream.problem is None


async def test_an_old_connection_is_handed_over_without_a_gap(
    keeper_at_work: ListenKeyKeeper,
    journal: Journal,
    push: Push,
    network: Network,
) -> None:
    await keeper_at_work.create()
    for number in range(3 * DAY // 600):
        await anyio.sleep(600)
        push(fill(number))
    await anyio.sleep(1)
    assert received(journal) == list(range(3 * DAY // 600))
    assert reasons(journal) == [GapReason.START]
    assert len(network.urls) >= 4


async def test_a_form_of_url_that_brings_nothing_is_replaced_by_one_that_does(
    stream: UserStream,
    keeper_at_work: ListenKeyKeeper,
    journal: Journal,
    push: Push,
    network: Network,
) -> None:
    network.silent_paths.add("/private/ws")
    await keeper_at_work.create()
    for number in range(16):
        await anyio.sleep(60)
        push(fill(number))
    await anyio.sleep(10)
    assert stream.form.name == "/private/ws/<listenKey>"
    assert received(journal)[-2:] == [14, 15]
    assert reasons(journal) == [GapReason.START, GapReason.ROUTE]
    assert journal.covered_since == pytest.approx(START_OF_A_MINUTE + 780, abs=70)
    assert stream.problem == (
        "the URL form /private/ws?listenKey=&events= brings no events; /private/ws/<listenKey> does"
    )


async def test_a_form_of_url_that_brings_events_stays(
    stream: UserStream,
    keeper_at_work: ListenKeyKeeper,
    journal: Journal,
    push: Push,
) -> None:
    await keeper_at_work.create()
    await anyio.sleep(2000)
    assert [probe.form.name for probe in stream.lines.probes] == [
        "/private/ws/<listenKey>",
        "/private/ws?listenKey=",
    ]
    push(fill(1))
    await anyio.sleep(10)
    assert stream.lines.probes == []
    assert stream.form.name == "/private/ws?listenKey=&events="
    assert received(journal) == [1]


async def test_a_machine_that_slept_connects_again_and_says_so(
    keeper_at_work: ListenKeyKeeper, journal: Journal, machine: Machine
) -> None:
    await keeper_at_work.create()
    await anyio.sleep(100)
    await machine.sleep(600)
    await anyio.sleep(30)
    assert journal.gap is None
    gap = everything(journal).gaps[-1]
    assert gap.reason is GapReason.SUSPENDED
    assert gap.since is not None
    assert gap.until is not None
    assert gap.until - gap.since >= 600


def deep(levels: int) -> list[object]:
    found: list[object] = []
    for _ in range(levels):
        found = [found]
    return found


async def test_what_cannot_be_read_is_a_gap_and_ends_nothing(
    stream: UserStream, keeper_at_work: ListenKeyKeeper, journal: Journal, push: Push
) -> None:
    await keeper_at_work.create()
    await anyio.sleep(1)
    push(fill(0) | {"deep": deep(100)})
    push(fill(1))
    await anyio.sleep(1)
    assert received(journal) == [1]
    assert reasons(journal) == [GapReason.START, GapReason.UNREADABLE]
    assert stream.problem == "a frame of the stream is nested too deeply"
    assert stream.reconnects == 0
