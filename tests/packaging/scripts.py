"""The scripts in packaging/, run by path, as a release does."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
REPOSITORY: Final = "Somebody/some-server"


def run_script(name: str, *arguments: object, root: Path = ROOT) -> str:
    """Return what a script prints. It fails with what the script complains about."""
    command = [sys.executable, root / "packaging" / name, *arguments]
    ended = subprocess.run(
        [str(part) for part in command], capture_output=True, check=False, encoding="utf-8"
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def copied(folder: Path) -> Path:
    """Return a copy of what the scripts read, so that they may change it."""
    shutil.copytree(ROOT / "packaging", folder / "packaging")
    for name in ("pyproject.toml", "README.md", "CHANGELOG.md"):
        shutil.copy(ROOT / name, folder)
    return folder
