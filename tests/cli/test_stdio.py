import json
import os
import re
import subprocess
import sys

from tests.cli.processes import COMMAND, ONLY_ERRORS, ended, posix, running


@posix
def test_at_a_terminal_the_bare_command_prints_a_host_entry_and_ends_at_ctrl_d() -> None:
    terminal, stdin = os.openpty()
    os.write(terminal, b"\x04")
    with running(stdin=stdin) as process:
        code, out, err = ended(process)
    os.close(stdin)
    os.close(terminal)
    config = re.search(r"^{$.*^}$", err, re.DOTALL | re.MULTILINE)
    assert config
    assert json.loads(config[0]) == {
        "mcpServers": {
            "binance": {
                "command": sys.executable,
                "args": ["-P", "-m", "binance_mcp"],
                "env": {"BINANCE_API_KEY": "your API key"},
            }
        }
    }
    assert "waiting for a host" in err
    assert (code, out) == (0, "")


def test_the_bare_command_ends_silently_at_the_end_of_stdin() -> None:
    with running(variables=ONLY_ERRORS) as process:
        assert ended(process) == (0, "", "")


def with_closed(stream: str) -> tuple[int, bytes, bytes]:
    """Return how the bare command ends if the shell closes a stream for it."""
    ended = subprocess.run(
        ["/bin/sh", "-c", f'exec "$@" {stream}', "sh", *COMMAND],
        capture_output=True,
        check=False,
        env=os.environ | ONLY_ERRORS,
        timeout=30,
    )
    return ended.returncode, ended.stdout, ended.stderr


@posix
def test_the_bare_command_ends_silently_if_stdin_is_closed() -> None:
    assert with_closed("<&-") == (0, b"", b"")


@posix
def test_the_bare_command_reports_a_closed_stdout() -> None:
    reason = b"binance-mcp: standard output is closed: there is no host to answer\n"
    assert with_closed(">&-") == (2, b"", reason)


@posix
def test_the_bare_command_serves_with_closed_stderr() -> None:
    assert with_closed("2>&- </dev/null") == (0, b"", b"")


def test_an_unusable_policy_is_reported_in_one_line() -> None:
    with running(variables={**ONLY_ERRORS, "BINANCE_MCP_POLICY": "missing.json"}) as process:
        code, out, err = ended(process)
    assert (code, out) == (2, "")
    assert re.fullmatch(r"binance-mcp: missing\.json: [^\n]+\n", err)
