from collections.abc import AsyncGenerator
from dataclasses import replace

import anyio
import pytest

from binance_mcp.futures.environment import ENVIRONMENTS
from binance_mcp.futures.listen_key import ListenKey
from binance_mcp.futures.user_stream.line import Line
from binance_mcp.futures.user_stream.open_lines import OpenLines, Watcher
from binance_mcp.futures.user_stream.url_form import URL_FORMS
from binance_mcp.futures.user_stream.web_socket import Frame
from binance_mcp.sandbox.app import AccountKeys, Sandbox
from binance_mcp.sandbox.stream_faults import StreamClose
from tests.futures.user_stream.pinging import Network, pinging_client

pytestmark = pytest.mark.anyio


class Told:
    """What is told of lines."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.watcher = Watcher(self._opened, self._received, Line.hear, self._ended)

    def _opened(self, line: Line) -> None:
        line.open()
        self.lines.append("opened")

    def _received(self, _: Line, frame: Frame) -> None:
        self.lines.append(str(frame))

    def _ended(self, _: Line, why: str) -> None:
        self.lines.append(why)


@pytest.fixture
async def lines(sandbox: Sandbox) -> AsyncGenerator[OpenLines]:
    async with pinging_client(sandbox, Network()) as http, anyio.create_task_group() as tasks:
        found = OpenLines(http, ENVIRONMENTS["sandbox"], anyio.current_time)
        found.tasks = tasks
        yield found
        tasks.cancel_scope.cancel()


async def test_a_line_that_is_dialled_opens_receives_and_ends(
    lines: OpenLines, sandbox: Sandbox, account: AccountKeys
) -> None:
    told = Told()
    assert account
    lines.main = lines.dial(ListenKey("k"), URL_FORMS[0], told.watcher)
    await anyio.sleep(1)
    sandbox.arm_stream_fault(StreamClose(code=1001))
    await anyio.sleep(1)
    assert told.lines == ["opened", "it was closed with code 1001"]


async def test_the_main_line_can_be_left_alone(lines: OpenLines) -> None:
    told = Told()
    lines.main, lines.successor, probe = (
        lines.dial(ListenKey("k"), form, told.watcher) for form in URL_FORMS[:3]
    )
    lines.probes = [probe]
    lines.end_all_but_main()
    await anyio.sleep(1)
    assert list(lines) == [lines.main]
    assert told.lines == ["opened"]


async def test_a_line_that_is_ended_here_is_not_told_to_have_ended(lines: OpenLines) -> None:
    told = Told()
    lines.main = lines.dial(ListenKey("k"), URL_FORMS[0], told.watcher)
    await anyio.sleep(1)
    lines.end_all()
    await anyio.sleep(1)
    assert told.lines == ["opened"]
    assert list(lines) == []


def line(lines: OpenLines) -> Line:
    return Line(ListenKey("k"), URL_FORMS[0], lines.now, 0.0)


async def test_the_line_that_is_used_replaces_the_main_one(lines: OpenLines) -> None:
    main, successor, probe = line(lines), line(lines), line(lines)
    lines.main, lines.successor, lines.probes = main, successor, [probe]
    assert list(lines) == [main, successor, probe]
    assert lines.use(successor) == []
    assert (lines.main, lines.successor) == (successor, None)
    assert main.scope.cancel_called
    lines.use(probe)
    assert (lines.main, lines.probes) == (probe, [])


async def test_a_line_that_ended_by_itself_is_forgotten(lines: OpenLines) -> None:
    successor, probe = line(lines), line(lines)
    lines.successor, lines.probes = successor, [probe]
    for each in (successor, probe, line(lines)):
        lines.forget(each)
    assert list(lines) == []


async def test_probes_are_ended_together(lines: OpenLines) -> None:
    probes = [line(lines), line(lines)]
    lines.probes = probes
    lines.end_probes()
    assert lines.probes == []
    assert all(probe.scope.cancel_called for probe in probes)


async def test_a_bug_ends_a_line_and_is_logged(
    lines: OpenLines, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: Line) -> None:
        raise ZeroDivisionError

    assert sandbox
    told = Told()
    watcher = replace(told.watcher, opened=fail)
    lines.main = lines.dial(ListenKey("k"), URL_FORMS[0], watcher)
    await anyio.sleep(1)
    assert told.lines == ["a bug in this server; its log has the details"]
    assert "ZeroDivisionError" in caplog.text


async def test_the_first_line_that_is_used_replaces_none(lines: OpenLines) -> None:
    first = line(lines)
    assert lines.use(first) == []
    assert lines.main is first
