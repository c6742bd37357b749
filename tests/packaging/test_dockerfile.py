"""What can be known of the image without Docker."""

import json
import os
import re
import socket
import subprocess
import sys
import tomllib
from typing import Final

from tests.cli.processes import line_with, running
from tests.packaging.scripts import ROOT

DOCKERFILE: Final = (ROOT / "packaging" / "Dockerfile").read_text("utf-8")
STAGES: Final = {
    name: text
    for text in re.split(r"(?m)^(?=FROM )", DOCKERFILE)[1:]
    for name in re.findall(r"FROM .* AS (\w+)", text)
}


def is_healthy(port: int) -> bool:
    """Return what the health check of the image says, with the interpreter of the tests."""
    (check,) = re.findall(r"HEALTHCHECK .*?CMD (\[.*\])", STAGES["http"])
    python, *arguments = json.loads(check)
    assert python.startswith("/opt/binance-mcp/bin/")
    ended = subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        check=False,
        env=os.environ | {"BINANCE_MCP_PORT": str(port)},
        timeout=30,
    )
    return ended.returncode == 0


def test_the_health_check_passes_for_a_server_that_serves() -> None:
    with running("http", variables={"BINANCE_MCP_PORT": "0"}) as process:
        url = line_with("serving MCP at", process).split()[-1]
        assert is_healthy(int(url.removesuffix("/mcp").rpartition(":")[2]))


def test_the_health_check_fails_where_nothing_serves() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert not is_healthy(port)


def test_the_images_that_run_need_no_shell_and_are_not_root() -> None:
    assert "\nUSER 65532:65532\n" in STAGES["program"]
    for name in ("program", "http", "stdio"):
        assert "RUN" not in STAGES[name]
        assert re.findall(r"(?:CMD|ENTRYPOINT) (?!\[)", STAGES[name]) == []
    *_, default = STAGES
    assert default == "stdio"


def test_what_is_copied_into_the_image_exists_and_is_not_ignored() -> None:
    copied = re.findall(r"^COPY (?!--from)(.*) \S+$", DOCKERFILE, re.MULTILINE)
    names = {name for line in copied for name in line.split()}
    ignored = (ROOT / "packaging" / "Dockerfile.dockerignore").read_text("utf-8").splitlines()
    assert names == {line[1:] for line in ignored if line.startswith("!")}
    assert [name for name in names if not (ROOT / name).exists()] == []


def test_the_program_of_the_image_is_a_command_of_the_project() -> None:
    (program,) = re.findall(r'ENTRYPOINT \["/opt/binance-mcp/bin/(\S+)"\]', DOCKERFILE)
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["scripts"]
    assert program in scripts
