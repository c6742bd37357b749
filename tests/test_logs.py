import json
import logging
from collections.abc import Generator
from contextlib import contextmanager, redirect_stderr
from datetime import datetime, timedelta
from io import StringIO
from typing import Final, Literal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from binance_mcp.logs import configure_logging

KEY: Final = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"
STYLES: Final[tuple[Literal["plain", "json"], ...]] = ("plain", "json")

ours = logging.getLogger("binance_mcp.futures.rest_api")
package = logging.getLogger("binance_mcp")
root = logging.getLogger()


@contextmanager
def logging_as(level: str, style: Literal["plain", "json"]) -> Generator[StringIO]:
    """Give standard error while it is logged so, and put logging back as it was."""
    handlers, root_level, level_of_ours = root.handlers[:], root.level, package.level
    with redirect_stderr(StringIO()) as stderr:
        configure_logging(level, style)
        try:
            yield stderr
        finally:
            root.handlers[:] = handlers
            root.setLevel(root_level)
            package.setLevel(level_of_ours)


def log_a_crash(secret: str) -> None:
    try:
        int(secret)
    except ValueError:
        ours.exception("it crashed")


def test_a_plain_line_has_time_level_logger_and_message() -> None:
    with logging_as("INFO", "plain") as stderr:
        ours.info("created %s", "a key")
    time, line = stderr.getvalue()[:23], stderr.getvalue()[23:]
    assert line == " INFO binance_mcp.futures.rest_api: created a key\n"
    assert datetime.strptime(f"{time}+0000", "%Y-%m-%d %H:%M:%S,%f%z")


def test_a_json_line_has_time_level_logger_and_message() -> None:
    with logging_as("INFO", "json") as stderr:
        ours.warning("created %s", "a key…")
    line = json.loads(stderr.getvalue())
    assert datetime.fromisoformat(line.pop("time")).utcoffset() == timedelta(0)
    assert line == {
        "level": "WARNING",
        "logger": "binance_mcp.futures.rest_api",
        "message": "created a key…",
    }


def test_a_json_line_of_a_crash_has_its_traceback() -> None:
    with logging_as("INFO", "json") as stderr:
        log_a_crash("the reason")
    traceback = json.loads(stderr.getvalue())["exception"]
    assert traceback.startswith("Traceback (most recent call last):\n")
    assert traceback.endswith(": 'the reason'")


@given(st.text(), st.text())
@example("\x01", "\n")
def test_any_message_is_one_line_of_json(before: str, after: str) -> None:
    with logging_as("INFO", "json") as stderr:
        ours.info("%s%s%s", before, KEY, after)
    line, end = stderr.getvalue().split("\n")
    assert KEY not in json.loads(line)["message"]
    assert end == ""


@pytest.mark.parametrize("style", STYLES)
def test_keys_are_masked_in_messages(style: Literal["plain", "json"]) -> None:
    with logging_as("INFO", style) as stderr:
        ours.info("listenKey=%s", KEY)
    assert KEY not in stderr.getvalue()
    assert "listenKey=vmPU…" in stderr.getvalue()


@pytest.mark.parametrize("style", STYLES)
def test_keys_are_masked_in_tracebacks(style: Literal["plain", "json"]) -> None:
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
def test_this_package_is_heard_from_the_level_on(level: str, heard: list[str]) -> None:
    with logging_as(level, "json") as stderr:
        for name in ("debug", "info", "warning", "error"):
            ours.log(getattr(logging, name.upper()), name)
    assert [json.loads(line)["message"] for line in stderr.getvalue().splitlines()] == heard


@pytest.mark.parametrize("name", ["httpx2", "mcp.server.lowlevel", "uvicorn.error"])
def test_other_packages_are_heard_from_warnings_on(name: str) -> None:
    theirs = logging.getLogger(name)
    with logging_as("DEBUG", "json") as stderr:
        theirs.debug("detail")
        theirs.info("HTTP Request: POST https://host/fapi/v1/listenKey?signature=00")
        theirs.warning("trouble")
    assert [json.loads(line)["message"] for line in stderr.getvalue().splitlines()] == ["trouble"]


def test_nothing_is_logged_on_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    with logging_as("DEBUG", "plain") as stderr:
        ours.error("trouble")
    assert "trouble" in stderr.getvalue()
    assert capsys.readouterr().out == ""


def test_the_last_configuration_alone_holds() -> None:
    with logging_as("INFO", "plain"), logging_as("INFO", "json") as stderr:
        ours.info("once")
    assert stderr.getvalue().count("once") == 1
