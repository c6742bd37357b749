import hashlib
import json
import re
import tomllib
from pathlib import Path
from typing import Any, Final

import pytest

from binance_mcp.env_file import SECRETS
from tests.packaging.scripts import REPOSITORY, ROOT, run_script

PROJECT: Final = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


@pytest.fixture
def entry(tmp_path: Path) -> dict[str, Any]:
    (tmp_path / "binance.mcpb").write_bytes(b"a bundle")
    return json.loads(run_script("server_json.py", REPOSITORY, tmp_path / "binance.mcpb"))


def test_the_entry_is_of_the_repository_and_of_the_version_in_pyproject(
    entry: dict[str, Any],
) -> None:
    assert entry["name"] == f"io.github.{REPOSITORY}"
    assert entry["repository"] == {"url": f"https://github.com/{REPOSITORY}", "source": "github"}
    assert entry["version"] == PROJECT["version"]


def test_the_entry_keeps_the_limits_of_the_registry(entry: dict[str, Any]) -> None:
    """https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json."""
    assert re.fullmatch(r"[a-zA-Z0-9.-]+/[a-zA-Z0-9._-]+", entry["name"])
    assert 1 <= len(entry["description"]) <= 100
    assert 1 <= len(entry["title"]) <= 100


def test_the_entry_has_what_a_release_publishes(entry: dict[str, Any]) -> None:
    version = PROJECT["version"]
    distribution, bundle, image = entry["packages"]
    assert (distribution["registryType"], distribution["identifier"], distribution["version"]) == (
        "pypi",
        PROJECT["name"],
        version,
    )
    assert (bundle["registryType"], bundle["identifier"], bundle["fileSha256"]) == (
        "mcpb",
        f"https://github.com/{REPOSITORY}/releases/download/v{version}/binance.mcpb",
        hashlib.sha256(b"a bundle").hexdigest(),
    )
    assert (image["registryType"], image["identifier"]) == (
        "oci",
        f"ghcr.io/somebody/some-server:{version}",
    )
    assert "version" not in image


def test_uvx_finds_a_command_of_the_name_of_the_distribution(entry: dict[str, Any]) -> None:
    assert entry["packages"][0]["runtimeHint"] == "uvx"
    assert PROJECT["scripts"][PROJECT["name"]] == PROJECT["scripts"]["binance-mcp"]


def test_exactly_the_secrets_are_marked_as_secret(entry: dict[str, Any]) -> None:
    for package in (entry["packages"][0], entry["packages"][2]):
        variables = package["environmentVariables"]
        secret = {variable["name"] for variable in variables if variable.get("isSecret")}
        assert secret == {variable["name"] for variable in variables} & SECRETS
        assert "BINANCE_API_KEY" in secret


def test_a_container_is_asked_for_no_file_of_its_user(entry: dict[str, Any]) -> None:
    *_, image = entry["packages"]
    assert [v["name"] for v in image["environmentVariables"] if v.get("format") == "filepath"] == []
