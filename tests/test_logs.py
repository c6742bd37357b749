import json
import logging
import os
import select
import sys
from collections.abc import Generator
from contextlib import contextmanager, redirect_stderr
from datetime import datetime, timedelta
from io import StringIO
from time import monotonic
from typing import Final, Literal, TextIO

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from binance_mcp.logs import configure_logging

KEY: Final = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"
TOO_SLOW: Final = "standard error was not read fast enough"
STYLES: Final[tuple[Literal["plain", "json"], ...]] = ("plain", "json")

ours = logging.getLogger("binance_mcp.futures.rest_api")
package = logging.getLogger("binance_mcp")
root = logging.getLogger()


@contextmanager
def logging_of(style: Literal["plain", "json"], level: str = "INFO") -> Generator[None]:
    """Log so, and put logging back as it was."""
    handlers, root_level, level_of_ours = root.handlers[:], root.level, package.level
    configure_logging(level, style)
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(root_level)
        package.setLevel(level_of_ours)


@contextmanager
def logging_as(level: str, style: Literal["plain", "json"]) -> Generator[StringIO]:
    """Give standard error while it is logged so."""
    with redirect_stderr(StringIO()) as stderr, logging_of(style, level):
        yield stderr


def log_a_crash(secret: str) -> None:
    try:
        int(secret)
    except ValueError:
        ours.exception("it crashed")


def test_a_plain_log_line_has_time_level_logger_and_message() -> None:
    with logging_as("INFO", "plain") as stderr:
        ours.info("created %s", "a key")
    time, line = stderr.getvalue()[:23], stderr.getvalue()[23:]
    assert line == " INFO binance_mcp.futures.rest_api: created a key\n"
    assert datetime.strptime(f"{time}+0000", "%Y-%m-%d %H:%M:%S,%f%z")


def test_a_json_log_line_has_time_level_logger_and_message() -> None:
    with logging_as("INFO", "json") as stderr:
        ours.warning("created %s", "a key…")
    line = json.loads(stderr.getvalue())
    assert datetime.fromisoformat(line.pop("time")).utcoffset() == timedelta(0)
    assert line == {
        "level": "WARNING",
        "logger": "binance_mcp.futures.rest_api",
        "message": "created a key…",
    }


def test_a_json_log_line_of_a_crash_has_its_traceback() -> None:
    with logging_as("INFO", "json") as stderr:
        log_a_crash("the reason")
    traceback = json.loads(stderr.getvalue())["exception"]
    assert traceback.startswith("Traceback (most recent call last):\n")
    assert traceback.endswith(": 'the reason'")


@given(st.text(), st.text())
@example("\x01", "\n")
def test_any_log_message_is_one_line_of_json(before: str, after: str) -> None:
    with logging_as("INFO", "json") as stderr:
        ours.info("%s%s%s", before, KEY, after)
    line, end = stderr.getvalue().split("\n")
    assert KEY not in json.loads(line)["message"]
    assert end == ""


@pytest.mark.parametrize("style", STYLES)
def test_keys_are_masked_in_log_messages(style: Literal["plain", "json"]) -> None:
    with logging_as("INFO", style) as stderr:
        ours.info("listenKey=%s", KEY)
    assert KEY not in stderr.getvalue()
    assert "listenKey=vmPU…" in stderr.getvalue()


@pytest.mark.parametrize("style", STYLES)
def test_keys_are_masked_in_logged_tracebacks(style: Literal["plain", "json"]) -> None:
    with logging_as("INFO", style) as stderr:
        log_a_crash(KEY)
    assert KEY not in stderr.getvalue()
    assert "'vmPU…'" in stderr.getvalue()


@pytest.mark.parametrize(
    ("level", "heard"),
    [
        ("DEBUG", ["debug", "info", "warning", "error"]),
        ("INFO", ["info", "warning", "error"]),
        ("WARNING", ["warning", "error"]),
        ("ERROR", ["error"]),
    ],
)
def test_this_package_logs_from_the_configured_level_on(level: str, heard: list[str]) -> None:
    with logging_as(level, "json") as stderr:
        for name in ("debug", "info", "warning", "error"):
            ours.log(getattr(logging, name.upper()), name)
    assert [json.loads(line)["message"] for line in stderr.getvalue().splitlines()] == heard


@pytest.mark.parametrize("name", ["httpx2", "mcp.server.lowlevel", "uvicorn.error"])
def test_other_packages_log_warnings_and_errors_only(name: str) -> None:
    theirs = logging.getLogger(name)
    with logging_as("DEBUG", "json") as stderr:
        theirs.debug("detail")
        theirs.info("HTTP Request: POST https://host/fapi/v1/listenKey?signature=00")
        theirs.warning("trouble")
    assert [json.loads(line)["message"] for line in stderr.getvalue().splitlines()] == ["trouble"]


def test_nothing_is_logged_to_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    with logging_as("DEBUG", "plain") as stderr:
        ours.error("trouble")
    assert "trouble" in stderr.getvalue()
    assert capsys.readouterr().out == ""


@contextmanager
def logging_to_a_pipe(style: Literal["plain", "json"] = "json") -> Generator[TextIO]:
    """Give the end of a pipe that is read by whoever likes to."""
    reading, writing = os.pipe()
    reader, stderr = os.fdopen(reading), os.fdopen(writing, "w")
    with reader, stderr, redirect_stderr(stderr), logging_of(style):
        yield reader


def test_logging_to_a_slow_reader_does_not_block_and_reports_dropped_records() -> None:
    with logging_to_a_pipe() as reader:
        for number in range(5000):
            ours.info("%d", number)
        messages = (json.loads(line)["message"] for line in reader)
        kept: list[int] = []
        while (message := next(messages)).isdigit():
            kept.append(int(message))
        dropped = 5000 - len(kept)
        assert message == f"{dropped} records were dropped: {TOO_SLOW}"
        ours.info("read again")
        assert next(messages) == "read again"
    assert dropped > 0
    assert kept == sorted(set(kept))


def test_flush_waits_for_unwritten_records_but_not_for_a_reader_that_never_reads() -> None:
    with logging_to_a_pipe() as reader:
        ours.info("at the end")
        root.handlers[0].flush()
        assert select.select([reader], [], [], 0)[0]
        for number in range(2000):
            ours.info("%d", number)
        started = monotonic()
        root.handlers[0].flush()
        assert 0.9 < monotonic() - started < 5


def test_a_closed_log_pipe_is_not_an_error() -> None:
    with logging_to_a_pipe() as reader:
        os.dup2(os.open(os.devnull, os.O_RDONLY), reader.fileno())
        ours.info("unread")
        root.handlers[0].flush()


def test_characters_that_the_log_encoding_lacks_are_escaped() -> None:
    with logging_to_a_pipe("plain") as reader:
        ours.info("\ud800")
        assert reader.readline().endswith(": \\ud800\n")


def test_a_log_record_that_cannot_be_formatted_is_reported_and_does_not_raise() -> None:
    with logging_to_a_pipe() as reader:
        ours.info("%d", "not a number")
        sys.stderr.flush()
        assert reader.readline() == "--- Logging error ---\n"


def test_without_stderr_nothing_is_logged() -> None:
    with redirect_stderr(None), logging_of("plain"):
        ours.error("unheard")


def test_only_the_last_logging_configuration_is_active() -> None:
    with logging_as("INFO", "plain"), logging_as("INFO", "json") as stderr:
        ours.info("once")
    assert stderr.getvalue().count("once") == 1
