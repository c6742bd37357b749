import re
import tomllib
from pathlib import Path
from typing import Final

import pytest

from tests.packaging.scripts import ROOT, copied, run_script

CHANGELOG: Final = """\
# Changelog

## [Unreleased]

- Later.

## [1.2.0] - 2026-12-01

### Added

- Something.

## [1.1.0] - 2026-11-01

- Earlier.
"""


PYPROJECT: Final = """\
[project]
name = "n"
version = "1.2.0"
description = "d"
license = "MIT"
keywords = []
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository whose version is 1.2.0."""
    root = copied(tmp_path)
    (root / "CHANGELOG.md").write_text(CHANGELOG, "utf-8")
    (root / "pyproject.toml").write_text(PYPROJECT, "utf-8")
    return root


def test_the_notes_are_the_section_about_the_version(root: Path) -> None:
    assert run_script("release_notes.py", "v1.2.0", root=root) == "### Added\n\n- Something.\n"


def test_a_tag_of_another_version_is_refused(root: Path) -> None:
    with pytest.raises(AssertionError, match=r"the tag is v1.1.0, and the version .* is 1.2.0"):
        run_script("release_notes.py", "v1.1.0", root=root)


def test_a_version_that_the_changelog_does_not_have_is_refused(root: Path) -> None:
    (root / "CHANGELOG.md").write_text("# Changelog\n\n## [Unreleased]\n", "utf-8")
    with pytest.raises(AssertionError, match=r"CHANGELOG.md has no section \[1.2.0\]"):
        run_script("release_notes.py", "v1.2.0", root=root)


def test_the_changelog_begins_with_what_is_not_released_or_with_the_present_version() -> None:
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    first = text.split("\n## ")[1].split("\n")[0]
    assert first == "[Unreleased]" or re.fullmatch(rf"\[{version}\] - \d{{4}}-\d\d-\d\d", first)
