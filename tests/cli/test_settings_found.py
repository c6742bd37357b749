"""What the program makes of the folder that a host starts it in, as a process of its own."""

import os
from pathlib import Path

import pytest

from tests.cli.processes import ended, posix, running


def log_of(*arguments: str, variables: dict[str, str]) -> str:
    """Return the log of a server whose host leaves at once."""
    with running(*arguments, variables={"BINANCE_ENVIRONMENT": "demo", **variables}) as process:
        code, out, err = ended(process)
    assert (code, out) == (0, "")
    return err


def test_a_file_found_redirects_nothing_when_the_environment_brings_the_key() -> None:
    Path(".env").write_text("BINANCE_REST_URL=https://elsewhere.example\n")
    log = log_of(variables={"BINANCE_API_KEY": "key"})
    assert f"{Path('.env').absolute()} is ignored: the environment brings the credential" in log
    assert "using demo at https://demo-fapi.binance.com" in log


@posix
@pytest.mark.parametrize("content", [b"API_KEY=of another service\n", b"caf\xe9", b"\0"])
def test_a_file_of_another_program_stops_nothing(content: bytes) -> None:
    Path(".env").write_bytes(content)
    assert "using demo at https://demo-fapi.binance.com" in log_of(variables={})


@posix
def test_a_fifo_found_stops_nothing() -> None:
    os.mkfifo(".env")
    assert "it is not a regular file" in log_of(variables={})


def test_variables_of_other_programs_stop_nothing() -> None:
    foreign = {"ENVIRONMENT": "production", "PORT": "abc", "LOG_LEVEL": "trace", "POLICY": "x"}
    assert "using demo at" in log_of(variables=foreign)


def test_a_file_that_is_named_counts() -> None:
    Path("named").write_text("BINANCE_REST_URL=https://elsewhere.example\n")
    assert "at https://elsewhere.example" in log_of("--env-file", "named", variables={})
    assert "at https://elsewhere.example" in log_of(variables={"BINANCE_MCP_ENV_FILE": "named"})


def test_a_file_that_is_named_and_is_not_there_ends_the_program() -> None:
    with running("http", "--env-file", "missing") as process:
        code, _, err = ended(process)
    assert code == 2
    assert err == (
        "binance-mcp: BINANCE_MCP_ENV_FILE: it cannot be read: No such file or directory\n"
    )
