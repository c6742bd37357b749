"""`python packaging/release_notes.py TAG`: print what CHANGELOG.md says about the release of a tag.

It fails if the tag is not that of the version in pyproject.toml, or if the changelog does not have
the version.
"""

import re
import sys

from project import ROOT, read_project


def release_notes(changelog: str, version: str, tag: str) -> str:
    """Return the section about the version.

    Raises:
        ValueError: The tag is that of another version, or there is no such section.

    """
    if tag != f"v{version}":
        raise ValueError(f"the tag is {tag}, and the version in pyproject.toml is {version}")
    for section in re.split(r"(?m)^## ", changelog):
        heading, _, notes = section.partition("\n")
        if heading.startswith(f"[{version}]"):
            return notes.strip()
    raise ValueError(f"CHANGELOG.md has no section [{version}]")


if __name__ == "__main__":
    try:
        print(
            release_notes(
                (ROOT / "CHANGELOG.md").read_text("utf-8"), read_project().version, sys.argv[1]
            )
        )
    except ValueError as problem:
        sys.exit(str(problem))
