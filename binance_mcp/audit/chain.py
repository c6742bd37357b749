"""The hash chain of an audit trail: what binds each record to the one before. Opens no file.

A record is a line of JSON that begins with its sequence number and ends with two hashes:

    {"sequence":7,…,"previous":"<hash of record 6>","hash":"<hash of record 7>"}

A record's hash is the SHA-256 of the bytes of its line without `,"hash":"…"` and the line's end;
with a key, their HMAC-SHA256. So every changed byte and every removed, added or moved
record is detected. Two things cannot be seen from the file alone: without a key, whoever can write
it can compute a whole new chain; and that the newest records were cut off is only seen by those who
know a later hash.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import Final

LONGEST_LINE: Final = 64 * 1024
"""In bytes, including the line feed. No record is half as long."""

_LINE: Final = re.compile(
    rb'(\{"sequence":([1-9][0-9]{0,15}),.*,"previous":"([0-9a-f]{64})"),"hash":"([0-9a-f]{64})"\}\n'
)


@dataclass(frozen=True)
class Link:
    """What a record's successor refers to."""

    sequence: int
    hash: str


START: Final = Link(0, "0" * 64)
"""What the first record refers to."""


def seal(entry: str, last: Link, key: bytes | None) -> tuple[bytes, Link]:
    """Return the line of the record that follows `last`, and the record's link.

    `entry` is the record as a JSON object on one line.
    """
    sequence = last.sequence + 1
    record = f'{{"sequence":{sequence},{entry[1:-1]},"previous":"{last.hash}"}}'.encode()
    link = Link(sequence, _hash(record, key))
    return record[:-1] + f',"hash":"{link.hash}"}}\n'.encode(), link


def unseal(line: bytes, key: bytes | None) -> tuple[Link, Link]:
    """Return the link that the record of `line` refers to, and its own.

    Raises:
        ValueError: The line was changed. The text says how.

    """
    if not line.endswith(b"\n"):
        raise ValueError("the record is cut off")
    found = _LINE.fullmatch(line)
    if not found:
        raise ValueError("this is not a record")
    record, sequence, previous, stated = found.groups()
    if not hmac.compare_digest(_hash(record + b"}", key).encode(), stated):
        raise ValueError("the hash does not match: the record was changed, or the key is different")
    return Link(int(sequence) - 1, previous.decode()), Link(int(sequence), stated.decode())


def check_order(follows: Link, last: Link | None) -> None:
    """Check that a record that `follows` a link comes after `last`; None where a trail begins.

    Raises:
        ValueError: It does not. The text says why.

    """
    if last is None:
        last = follows if follows.sequence else START
    if follows.sequence != last.sequence:
        raise ValueError(
            f"found record {follows.sequence + 1} where {last.sequence + 1} is expected"
        )
    if follows != last:
        raise ValueError("the record does not follow the one before it")


def _hash(record: bytes, key: bytes | None) -> str:
    if key:
        return hmac.digest(key, record, "sha256").hex()
    return hashlib.sha256(record).hexdigest()
