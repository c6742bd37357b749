import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Final

import pytest

from tests.packaging.scripts import ROOT

PACKAGE: Final = ROOT / "binance_mcp"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("distributions")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--directory", folder],
        capture_output=True,
        check=True,
        cwd=ROOT,
    )
    return folder


def test_the_wheel_installs_every_file_of_the_package_and_nothing_else(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    names = [name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name]
    files = [file for file in PACKAGE.rglob("*") if file.is_file() and file.suffix != ".pyc"]
    assert sorted(names) == sorted(file.relative_to(ROOT).as_posix() for file in files)


def test_the_wheel_has_both_commands(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    archive = zipfile.ZipFile(wheel)
    (name,) = [name for name in archive.namelist() if name.endswith("entry_points.txt")]
    assert archive.read(name).decode().split("\n")[1:3] == [
        "binance-listen-key-mcp = binance_mcp.cli.main:main",
        "binance-mcp = binance_mcp.cli.main:main",
    ]


def test_the_sdist_has_what_its_own_tests_need_and_nothing_that_is_ignored(built: Path) -> None:
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    roots = {name.partition("/")[0] for name in names}
    wanted = {
        "binance_mcp",
        "docs",
        "packaging",
        "tests",
        ".env.example",
        ".github",
        "CHANGELOG.md",
    }
    assert wanted <= roots
    assert roots.isdisjoint({".env", ".git", ".venv", "build", "dist"})
