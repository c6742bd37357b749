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


def test_a_found_env_file_is_ignored_when_the_environment_has_the_api_key() -> None:
    Path(".env").write_text("BINANCE_REST_URL=https://elsewhere.example\n")
    log = log_of(variables={"BINANCE_API_KEY": "key"})
    assert f"{Path('.env').absolute()} is ignored: the environment has a credential" in log
    assert "using demo at https://demo-fapi.binance.com" in log


@posix
@pytest.mark.parametrize("content", [b"API_KEY=of another service\n", b"caf\xe9", b"\0", b"'\n"])
def test_an_env_file_of_another_program_is_ignored_silently(content: bytes) -> None:
    Path(".env").write_bytes(content)
    log = log_of(variables={})
    assert "using demo at https://demo-fapi.binance.com" in log
    assert ".env" not in log


@posix
def test_a_fifo_named_dot_env_does_not_stop_the_server() -> None:
    os.mkfifo(".env")
    assert "it is not a regular file" in log_of(variables={})


def test_environment_variables_of_other_programs_do_not_stop_the_server() -> None:
    foreign = {"ENVIRONMENT": "production", "PORT": "abc", "LOG_LEVEL": "trace", "POLICY": "x"}
    assert "using demo at" in log_of(variables=foreign)


def test_an_env_file_given_by_option_or_variable_is_read() -> None:
    Path("named").write_text("BINANCE_REST_URL=https://elsewhere.example\n")
    assert "at https://elsewhere.example" in log_of("--env-file", "named", variables={})
    assert "at https://elsewhere.example" in log_of(variables={"BINANCE_MCP_ENV_FILE": "named"})


def test_a_missing_env_file_given_by_option_is_an_error() -> None:
    with running("http", "--env-file", "missing") as process:
        code, _, err = ended(process)
    assert code == 2
    assert err == (
        f"binance-mcp: BINANCE_MCP_ENV_FILE: {Path('missing').absolute()}: "
        "it cannot be read: No such file or directory\n"
    )


@pytest.mark.parametrize("nothing", ["", "${user_config.file}"])
def test_an_empty_env_file_option_means_no_env_file(nothing: str) -> None:
    assert "using demo at" in log_of("--env-file", nothing, variables={})
    assert "using demo at" in log_of(variables={"BINANCE_MCP_ENV_FILE": nothing})


@pytest.mark.parametrize("command", ["policy show", "policy explain"])
def test_a_policy_command_reports_an_ignored_env_file(command: str) -> None:
    Path(".env").write_text("BINANCE_MCP_POLICY=missing.json\n")
    with running(*command.split()) as process:
        code, _, err = ended(process)
    assert code == 0
    assert f"{Path('.env').absolute()} is ignored: it does not have BINANCE_API_KEY" in err


def test_audit_verify_reads_the_audit_key_from_the_given_env_file() -> None:
    Path("named").write_text("BINANCE_MCP_AUDIT_KEY=key\n")
    Path("named").chmod(0o644)
    Path("trail").touch()
    with running("audit", "verify", "trail", variables={"BINANCE_MCP_ENV_FILE": "named"}) as it:
        _, _, err = ended(it)
    assert (
        f"{Path('named').absolute()} has a secret and other users may read" in err
        or os.name == "nt"
    )
