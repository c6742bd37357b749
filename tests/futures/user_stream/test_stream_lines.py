"""What the lines of a stream bring, and how they end, one by one."""

import anyio
import pytest

from binance_mcp.futures.keeper import ListenKeyKeeper
from binance_mcp.futures.user_stream import stream as stream_module
from binance_mcp.futures.user_stream.gap import GapReason
from binance_mcp.futures.user_stream.journal import Journal
from binance_mcp.futures.user_stream.line import Line
from binance_mcp.futures.user_stream.stream import UserStream
from binance_mcp.futures.user_stream.url_form import URL_FORMS
from binance_mcp.sandbox.app import AccountKeys, Sandbox
from binance_mcp.sandbox.stream_faults import StreamDropNext
from tests.futures.user_stream.conftest import everything
from tests.futures.user_stream.documented_events import DOCUMENTED
from tests.futures.user_stream.pinging import Network
from tests.server.connections import another_program_closes_the_key
from tests.simulation.storm.machine import START_OF_A_MINUTE, Machine

pytestmark = pytest.mark.anyio


@pytest.fixture
async def main(stream: UserStream, keeper_at_work: ListenKeyKeeper) -> Line:
    await keeper_at_work.create()
    await anyio.sleep(60)
    assert stream.main is not None
    return stream.main


def another(stream: UserStream, main: Line) -> Line:
    line = Line(main.key, URL_FORMS[1], stream.now, stream.now())
    line.open()
    return line


def reasons(journal: Journal) -> list[GapReason]:
    return [gap.reason for gap in everything(journal).gaps]


async def test_the_time_until_which_nothing_was_missed_is_when_a_line_was_last_heard(
    stream: UserStream, main: Line, network: Network
) -> None:
    assert main.is_open
    assert stream.heard_until() == pytest.approx(START_OF_A_MINUTE, abs=1)
    network.break_all()
    await anyio.sleep(0.1)
    assert stream.heard_until() is None


async def test_the_answer_to_a_command_is_no_event(
    stream: UserStream, main: Line, journal: Journal
) -> None:
    stream.watcher.received(main, '{"result":null,"id":1}')
    assert journal.count == 0
    assert reasons(journal) == [GapReason.START]


async def test_what_other_lines_bring_is_held_up_to_a_bound(
    stream: UserStream, main: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream_module, "_MOST_HELD", 1)
    line = another(stream, main)
    for frame in DOCUMENTED[:3]:
        stream.watcher.received(line, frame)
    assert len(line.held) == 1


async def test_what_cannot_be_read_is_logged_once_and_a_gap_on_the_main_line_only(
    stream: UserStream, main: Line, journal: Journal, caplog: pytest.LogCaptureFixture
) -> None:
    stream.watcher.received(another(stream, main), "{")
    assert reasons(journal) == [GapReason.START]
    for _ in range(2):
        stream.watcher.received(main, "{")
    assert reasons(journal) == [GapReason.START, GapReason.UNREADABLE, GapReason.UNREADABLE]
    assert caplog.text.count("brought something unreadable") == 1


async def test_what_cannot_be_read_before_the_key_is_confirmed_leaves_the_gap_open(
    stream: UserStream, main: Line, journal: Journal
) -> None:
    main.opened_at = stream.now() + 1000
    stream.watcher.received(main, "{")
    assert journal.gap is not None


async def test_a_successor_takes_over_at_once_from_a_main_line_that_ends(
    stream: UserStream, main: Line, journal: Journal
) -> None:
    successor = another(stream, main)
    stream.lines.successor = successor
    stream.watcher.received(successor, DOCUMENTED[0])
    await anyio.sleep(2)
    main.hear(is_ping=True)
    stream.watcher.ended(main, "it was closed with code 1001")
    assert stream.main is successor
    assert journal.count == 1
    assert reasons(journal) == [GapReason.START]


async def test_the_end_of_another_line_changes_nothing(stream: UserStream, main: Line) -> None:
    line = another(stream, main)
    stream.lines.probes.append(line)
    for _ in range(2):
        stream.watcher.ended(line, "it was closed with code 1001")
    assert stream.main is main
    assert stream.lines.probes == []
    assert stream.problem is None


async def test_a_line_that_never_opened_is_no_new_gap(
    stream: UserStream, main: Line, journal: Journal
) -> None:
    main.opened_at = None
    stream.watcher.ended(main, "no connection (ConnectError)")
    assert stream.reconnects == 0
    assert reasons(journal) == [GapReason.START]


async def test_a_line_that_breaks_soon_after_it_opened_is_replaced_more_slowly(
    stream: UserStream, main: Line, network: Network
) -> None:
    assert main.is_open
    for _ in range(3):
        network.break_all()
        await anyio.sleep(5)
    assert stream.reconnects == 3


def drop_next(sandbox: Sandbox) -> None:
    """Let the next event reach nobody."""
    sandbox.arm_stream_fault(StreamDropNext(fault="stream_drop_next", count=1))


async def test_a_key_whose_end_was_not_reported_is_a_gap_since_its_last_confirmation(
    main: Line, journal: Journal, sandbox: Sandbox, account: AccountKeys
) -> None:
    assert main.is_open
    drop_next(sandbox)
    await another_program_closes_the_key(sandbox, account)
    await anyio.sleep(2000)
    gap = everything(journal).gaps[-1]
    assert gap.reason is GapReason.ROTATION
    assert gap.since == pytest.approx(START_OF_A_MINUTE, abs=1)
    assert gap.until == pytest.approx(START_OF_A_MINUTE + 1950, abs=5)


async def test_a_key_closed_here_is_a_gap_since_its_line_was_last_heard(
    main: Line, journal: Journal, sandbox: Sandbox, keeper_at_work: ListenKeyKeeper
) -> None:
    assert main.is_open
    drop_next(sandbox)
    await keeper_at_work.close()
    await anyio.sleep(5)
    assert journal.gap is not None
    assert journal.gap.reason is GapReason.NO_KEY
    assert journal.gap.since == pytest.approx(main.heard_at + START_OF_A_MINUTE - 1, abs=0.1)


async def test_a_form_that_is_refused_is_tried_again_after_pauses_only_and_the_next_one_too(
    stream: UserStream, main: Line, network: Network
) -> None:
    assert main.is_open
    network.refused_paths.add(URL_FORMS[1].path.format(key=main.key.get_secret_value()))
    await anyio.sleep(1000)
    assert len(network.urls) <= 6
    assert [probe.form for probe in stream.lines.probes] == [URL_FORMS[2]]


async def test_an_old_line_whose_successor_is_refused_tries_again_after_pauses_only(
    stream: UserStream, main: Line, network: Network
) -> None:
    network.refused_paths.add("/private/ws")
    main.opened_at = stream.now() - 85_000
    stream.wake()
    await anyio.sleep(300)
    assert stream.main is main
    assert len(network.urls) <= 12


async def test_what_arrives_after_a_suspension_does_not_hide_what_was_missed(
    stream: UserStream, main: Line, journal: Journal, machine: Machine
) -> None:
    await machine.sleep(600)
    stream.watcher.heard(main, True)  # noqa: FBT003  # a ping
    assert journal.gap is not None
    assert (journal.gap.reason, journal.gap.until) == (GapReason.SUSPENDED, None)
    assert journal.gap.since == pytest.approx(START_OF_A_MINUTE - 1, abs=1)
    await anyio.sleep(1)
    assert stream.main not in {main, None}
    assert journal.gap is None
