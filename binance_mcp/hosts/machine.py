"""The folders of a machine in which hosts keep their files."""

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Machine:
    """A person's home on a platform."""

    home: Path
    platform: str
    """As in `sys.platform`."""
    variables: Mapping[str, str]
    """Environment variables; an empty one counts as unset."""

    @property
    def is_windows(self) -> bool:
        """Whether it is Windows."""
        return self.platform == "win32"

    def path(self, template: str) -> Path:
        """Return the path of a template that begins with a folder in braces.

        {home}; {config}, where programs for Unix keep their settings; {data}, where desktop
        programs do; {claude} and {codex}, which variables of these programs can move.
        """
        config = self._named("XDG_CONFIG_HOME", self.home / ".config")
        folders = {
            "home": self.home,
            "config": config,
            "data": self._data(config),
            "claude": self._named("CLAUDE_CONFIG_DIR", self.home),
            "codex": self._named("CODEX_HOME", self.home / ".codex"),
        }
        return Path(template.format_map(folders))

    def has_program(self, name: str) -> bool:
        """Return whether a program is on the search path."""
        return shutil.which(name, path=self.variables.get("PATH", "")) is not None

    def _data(self, config: Path) -> Path:
        if self.is_windows:
            return self._named("APPDATA", self.home / "AppData" / "Roaming")
        if self.platform == "darwin":
            return self.home / "Library" / "Application Support"
        return config

    def _named(self, variable: str, default: Path) -> Path:
        value = self.variables.get(variable)
        return Path(value) if value else default


def this_machine() -> Machine:
    """Return the machine on which this process runs."""
    return Machine(Path.home(), sys.platform, os.environ)
