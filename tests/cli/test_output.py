import errno
import io
import os
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

import pytest

from binance_mcp.cli.output import complain, flush, say
from tests.cli.processes import has_full_disk


@contextmanager
def pipe_without_reader() -> Generator[TextIO]:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as stream:
        yield stream


def test_results_go_to_stdout_and_errors_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    say("a result")
    complain("a complaint")
    assert capsys.readouterr() == ("a result\n", "a complaint\n")


@pytest.mark.parametrize(("name", "tell"), [("stdout", say), ("stderr", complain)])
def test_a_line_for_a_closed_pipe_is_discarded(
    monkeypatch: pytest.MonkeyPatch, name: str, tell: Callable[[str], None]
) -> None:
    with pipe_without_reader() as stream:
        monkeypatch.setattr(sys, name, stream)
        tell("unread")
        tell("unread")


@pytest.mark.skipif(os.name != "posix", reason="elsewhere a pipe cannot be asked for room")
def test_an_error_line_for_a_full_stderr_pipe_is_discarded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with suppress(BlockingIOError):
        while True:
            os.write(writing, b"unread" * 1000)
    os.set_blocking(writing, True)
    with os.fdopen(reading), os.fdopen(writing, "w") as stream:
        monkeypatch.setattr(sys, "stderr", stream)
        complain("unread")
        complain("unread")


def test_buffered_output_for_a_closed_pipe_is_discarded(monkeypatch: pytest.MonkeyPatch) -> None:
    with pipe_without_reader() as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        print("unread")  # noqa: T201  # the buffer of another
        flush()


@pytest.mark.parametrize("name", ["stdout", "stderr"])
def test_output_for_a_closed_stream_is_discarded_and_not_redirected(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    monkeypatch.setattr(sys, name, None)
    {"stdout": say, "stderr": complain}[name]("unsaid")
    flush()
    assert capsys.readouterr() == ("", "")


@has_full_disk
def test_a_full_disk_ends_the_command_with_one_error_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with Path("/dev/full").open("w") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        with pytest.raises(SystemExit) as ended:
            say("too much")
    assert ended.value.code == 2
    assert capsys.readouterr().err == f"binance-mcp: cannot print: {os.strerror(errno.ENOSPC)}\n"


def test_characters_that_the_output_encoding_lacks_are_escaped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    printed = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(printed, "ascii", newline="\n"))
    say("é…\ud800")
    assert printed.getvalue() == b"\\xe9\\u2026\\ud800\n"
