"""Where the policy comes from: the shipped document, or a file, which may change meanwhile."""

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
"""Seconds within which a file system may not tell one change of a file from the next."""


class PolicySource:
    """The policy in force: always the last that could be used, whatever the file has become.

    Raises:
        PolicyError: At the start, the file cannot be read or used.

    """

    def __init__(self, path: Path | None = None, *, wall_clock: WallClock = wall_clock) -> None:
        text = read(path)
        self._path = path.expanduser() if path else None
        self._wall_clock = wall_clock
        self._seen: object = None
        self._refused: tuple[str, PolicyError] | None = None
        """The last text that could not be used, by its digest, and why."""
        self.document = load(_name(path), text)
        self.digest = _digest(text)
        """SHA-256 of the text in force, in hexadecimal."""
        self.problem: PolicyError | None = None
        """Why the file, as it is now, is not in force; None if it is."""

    def refresh(self) -> bool:
        """Take in the file if it has changed, and return whether another policy is in force.

        Costs one look at the file's metadata, and a reading of the file soon after a change.
        """
        seen = self._look()
        if seen == self._seen:
            return False
        self._seen = seen
        try:
            return self._take_in(read(self._path))
        except PolicyError as error:
            if str(error) != str(self.problem):
                logger.warning("the policy was changed, and the last good one stays: %s", error)
            self.problem = error.with_traceback(None)  # which would hold the text, at every look
            return False

    def _take_in(self, text: bytes) -> bool:
        digest = _digest(text)
        if self._refused and digest == self._refused[0]:
            raise self._refused[1]  # it is judged once, however often it is looked at
        if digest != self.digest:
            try:
                self.document = load(_name(self._path), text)
            except PolicyError as error:
                self._refused = digest, error
                raise
            logger.info("the policy was changed; it is now %s", digest[:16])
        is_another, self.digest, self.problem = digest != self.digest, digest, None
        return is_another

    def _look(self) -> object:
        """Return something that changes whenever the file may have changed."""
        if self._path is None:
            return None
        try:
            stat = self._path.stat()
        except OSError as error:
            return error.errno
        is_settled = self._wall_clock() - stat.st_mtime > _COARSEST_TIMESTAMP
        # What has just been changed could change again and look the same: every look is another.
        return (stat.st_ino, stat.st_size, stat.st_mtime_ns) if is_settled else object()


def load_file(path: Path | None) -> Document:
    """Return the policy in a file, or the shipped one.

    Raises:
        PolicyError: The file cannot be read or used.

    """
    return load(_name(path), read(path))


def read(path: Path | None) -> bytes:
    """Return the text of a policy file, or of the shipped policy.

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
