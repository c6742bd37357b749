import re
import tomllib
from pathlib import Path

from tests.packaging.scripts import REPOSITORY, ROOT, copied, run_script


def test_the_readme_of_a_release_has_absolute_links_to_files_of_the_release(tmp_path: Path) -> None:
    root = copied(tmp_path)
    version = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    run_script("pypi_readme.py", REPOSITORY, root=root)
    text = (root / "README.md").read_text("utf-8")
    pages = f"https://github.com/{REPOSITORY}/blob/v{version}/"
    pictures = f"https://raw.githubusercontent.com/{REPOSITORY}/v{version}/"
    links = re.findall(r"(!?)\[[^]]*\]\(([^)]+)\)", text)
    assert [link for _, link in links if not link.startswith(("https://", "#"))] == []
    for picture, link in links:
        if REPOSITORY in link:
            start = pictures if picture else pages
            assert link.startswith(start)
            assert (ROOT / link.removeprefix(start).partition("#")[0]).exists()
    assert pages in text
    assert pictures in text


def test_the_readme_of_a_release_proves_who_owns_the_entry_in_the_registry(tmp_path: Path) -> None:
    root = copied(tmp_path)
    run_script("pypi_readme.py", REPOSITORY, root=root)
    *_, last = (root / "README.md").read_text("utf-8").splitlines()
    assert last == f"<!-- mcp-name: io.github.{REPOSITORY} -->"
