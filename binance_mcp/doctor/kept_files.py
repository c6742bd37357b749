"""The files that the server writes: whether it can, and who else may read them.

Nothing is created or changed.
"""

import os
import shlex
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from binance_mcp.doctor.finding import Finding, ok, problem, warning
from binance_mcp.settings import Settings

_CHECK: Final = "files"
_OTHERS_READ: Final = stat.S_IRGRP | stat.S_IROTH


@dataclass(frozen=True)
class KeptFile:
    """What is seen of a file, or of the place where it will be."""

    path: str
    mode: int | None
    """None if there is none yet."""
    is_writable: bool
    """Whether it can be written; of a file that is not there, whether it can be made."""


def check_files(settings: Settings) -> Sequence[Finding]:
    """Look at the files of events and of the audit trail, if any are configured."""
    events = settings.events_file if settings.user_events else None
    named = {"BINANCE_MCP_EVENTS_FILE": events, "BINANCE_MCP_AUDIT_LOG": settings.audit_log}
    return judge_files({name: _seen(path) for name, path in named.items() if path})


def judge_files(files: Mapping[str, KeptFile]) -> Sequence[Finding]:
    """Judge the files, by the variable that names each."""
    if not files:
        return []
    found = [finding for name, file in files.items() for finding in _judged(name, file)]
    return found or [ok(_CHECK, f"{' and '.join(files)} can be written, and only by this user")]


def _judged(variable: str, file: KeptFile) -> Iterator[Finding]:
    if file.mode is not None and not stat.S_ISREG(file.mode):
        yield problem(_CHECK, f"{variable}: {file.path} is not a regular file", "Name another.")
    elif not file.is_writable:
        yield problem(
            _CHECK,
            f"{variable}: {file.path} cannot be written by this user",
            "Make its folder, correct its permissions, or name another file.",
        )
    elif file.mode is not None and file.mode & _OTHERS_READ and os.name == "posix":
        yield warning(
            _CHECK,
            f"{variable}: other users of this machine may read {file.path}",
            f"Run: chmod 600 {shlex.quote(file.path)}",
        )


def _seen(path: Path) -> KeptFile:
    try:
        path = path.expanduser()
        mode = path.stat().st_mode
    except FileNotFoundError:
        return KeptFile(str(path), None, os.access(path.parent, os.W_OK | os.X_OK))
    except (OSError, RuntimeError, ValueError):  # an unknown ~user, or a NUL
        return KeptFile(str(path), None, is_writable=False)
    return KeptFile(str(path), mode, os.access(path, os.W_OK))
