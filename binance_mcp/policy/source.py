"""Where the policy comes from: the built-in document, or a file, which may change at any time."""

import hashlib
import logging
from importlib import resources
from pathlib import Path
from typing import Final

from binance_mcp.clock import WallClock, wall_clock
from binance_mcp.errors import PolicyError, Problem
from binance_mcp.files import read_file
from binance_mcp.policy.language.document import Document, load

logger = logging.getLogger(__name__)

_LARGEST_FILE: Final = 1024 * 1024
_COARSEST_TIMESTAMP: Final = 2.0
"""In seconds: file systems may give two changes within this time the same timestamp."""


class PolicySource:
    """The active policy: the last usable version of its file.

    Raises:
        PolicyError: At the start, the file cannot be read or used.

    """

    def __init__(self, path: Path | None = None, *, wall_clock: WallClock = wall_clock) -> None:
        text = read(path)
        self._path = path.expanduser() if path else None
        self._wall_clock = wall_clock
        self._seen: object = None
        self._refused: tuple[str, PolicyError] | None = None
        """The digest of the last text that could not be used, and why."""
        self.document = load(_name(path), text)
        self.digest = _digest(text)
        """SHA-256 of the active text, in hexadecimal."""
        self.problem: PolicyError | None = None
        """Why the file in its present state is not active; None if it is."""

    def refresh(self) -> bool:
        """Reload the file if it has changed, and return whether the active policy has changed.

        Costs one `stat`; the file is read only within two seconds after a change.
        """
        seen = self._look()
        if seen == self._seen:
            return False
        self._seen = seen
        try:
            return self._load(read(self._path))
        except PolicyError as error:
            if str(error) != str(self.problem):
                logger.warning(
                    "the changed policy cannot be used, and the last good one stays active: %s",
                    error,
                )
            self.problem = error.with_traceback(None)  # it would keep the text in memory
            return False

    def _load(self, text: bytes) -> bool:
        digest = _digest(text)
        if self._refused and digest == self._refused[0]:
            raise self._refused[1]  # parsed once, however often it is looked at
        if digest != self.digest:
            try:
                self.document = load(_name(self._path), text)
            except PolicyError as error:
                self._refused = digest, error
                raise
            logger.info("the policy was reloaded; its digest is now %s", digest[:16])
        is_another, self.digest, self.problem = digest != self.digest, digest, None
        return is_another

    def _look(self) -> object:
        """Return a value that is different whenever the file may have changed."""
        if self._path is None:
            return None
        try:
            stat = self._path.stat()
        except OSError as error:
            return error.errno
        is_settled = self._wall_clock() - stat.st_mtime > _COARSEST_TIMESTAMP
        # A second change within the timestamp's granularity would be invisible: always read again.
        return (stat.st_ino, stat.st_size, stat.st_mtime_ns) if is_settled else object()


def load_file(path: Path | None) -> Document:
    """Return the policy in a file, or the built-in one.

    Raises:
        PolicyError: The file cannot be read or used.

    """
    return load(_name(path), read(path))


def read(path: Path | None) -> bytes:
    """Return the text of a policy file, or of the built-in policy.

    Raises:
        PolicyError: The file cannot be read, or has more than 1 MiB.

    """
    if path is None:
        return resources.files("binance_mcp.policy").joinpath("default.json").read_bytes()
    try:
        text, _ = read_file(path.expanduser(), _LARGEST_FILE + 1)
    except (OSError, ValueError, RuntimeError) as error:  # a NUL in the path, an unknown ~user
        reason = error.strerror if isinstance(error, OSError) else "it is not the path of a file"
        raise PolicyError(str(path), [Problem("", f"cannot be read: {reason}")]) from None
    if len(text) > _LARGEST_FILE:
        raise PolicyError(str(path), [Problem("", "must not be larger than 1 MiB")])
    return text


def _digest(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()


def _name(path: Path | None) -> str:
    return "default.json" if path is None else str(path)
