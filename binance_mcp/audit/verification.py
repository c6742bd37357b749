"""Verifying an audit trail: whether its records are unchanged. Writes and locks nothing."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from io import BufferedReader, FileIO
from pathlib import Path

from binance_mcp.audit.chain import LONGEST_LINE, START, Link, check_order, unseal
from binance_mcp.audit.file import OLDER_FILES, reporting_os_errors, trail_files
from binance_mcp.errors import AuditError, BrokenTrailError
from binance_mcp.files import regular_file


@dataclass(frozen=True)
class VerifiedTrail:
    """A trail whose records are all unchanged."""

    files: tuple[Path, ...]
    """Oldest first."""
    follows: Link
    """What its first record refers to: `START`, unless older records have been rotated away."""
    last: Link
    """Its newest record. If a later one was seen before, the trail was cut off."""

    @property
    def records(self) -> int:
        """The number of records."""
        return self.last.sequence - self.follows.sequence

    @property
    def is_whole(self) -> bool:
        """Whether the very first record is there."""
        return self.follows == START


def verify(path: Path, key: bytes | None = None) -> VerifiedTrail:
    """Check every record of the trail whose newest file is `path`, older files included.

    A trail that is written or rotated at the same time can seem broken; verify it again.

    The first record may be missing only if all five older files exist, because a rotation deletes
    the oldest. That the newest records were cut off cannot be detected.

    Raises:
        BrokenTrailError: A record was changed, moved, added or removed. It names the first one.
        AuditError: There is no trail, it has no records, or it cannot be read.

    """
    with reporting_os_errors(path):
        files = tuple(file for file in reversed(trail_files(path)) if file.exists())
        if not files:
            raise AuditError(f"{path}: there is no audit trail")
        follows = last = None
        for file, number, line in _lines(files):
            try:
                before, link = unseal(line, key)
                check_order(before, last)
            except ValueError as error:
                raise BrokenTrailError(str(file), number, str(error)) from error
            follows, last = follows or before, link
    if follows is None or last is None:
        raise AuditError(f"{path}: there are no records: the trail is new, or was emptied")
    is_full = len(files) > OLDER_FILES and all(file.stat().st_size for file in files[:OLDER_FILES])
    if follows != START and not is_full:
        problem = f"the records before number {follows.sequence + 1} are missing"
        raise BrokenTrailError(str(files[0]), 1, problem)
    return VerifiedTrail(files, follows, last)


def _lines(files: Iterable[Path]) -> Iterator[tuple[Path, int, bytes]]:
    for file in files:
        with BufferedReader(FileIO(file, opener=regular_file)) as opened:
            for number, line in enumerate(iter(partial(opened.readline, LONGEST_LINE), b""), 1):
                yield file, number, line
