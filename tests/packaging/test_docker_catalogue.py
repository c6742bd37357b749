import re

import pytest

from binance_mcp.env_file import SECRETS
from tests.environment import VARIABLES
from tests.packaging.scripts import REPOSITORY, ROOT, run_script

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def entry() -> str:
    return run_script("docker_catalogue.py", REPOSITORY, COMMIT)


def test_the_image_is_built_from_the_commit_with_a_dockerfile_that_exists(entry: str) -> None:
    assert f"project: https://github.com/{REPOSITORY}\n  commit: {COMMIT}\n" in entry
    (dockerfile,) = re.findall(r"dockerfile: (.*)", entry)
    assert (ROOT / dockerfile).is_file()


def test_the_entry_asks_for_secrets_as_secrets_and_for_nothing_unknown(entry: str) -> None:
    secrets = set(re.findall(r"env: (\w+)", entry))
    others = set(re.findall(r"- name: ([A-Z_]+)$", entry, re.MULTILINE))
    assert "BINANCE_API_KEY" in secrets
    assert secrets <= SECRETS
    assert others
    assert others <= set(VARIABLES) - SECRETS


def test_every_value_of_the_entry_is_of_a_parameter(entry: str) -> None:
    """The prefix is what the catalogue's own check wants."""
    used = re.findall(r'value: "\{\{binance-listen-key\.(\w+)\}\}"', entry)
    assert used
    assert used == re.findall(r"^      (\w+):\n        type:", entry, re.MULTILINE)
