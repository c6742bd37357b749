"""The chain of an audit trail: what binds each record to the one before it. Opens no file.

A record is a line of JSON that begins with its sequence number and ends with two hashes:

    {"sequence":7,…,"previous":"<hash of record 6>","hash":"<hash of record 7>"}

A record's hash is the SHA-256 of the bytes of its line without `,"hash":"…"` and the line's end;
with a key, their HMAC-SHA256. So no byte can change, and no record can go, come or move, without
a sign. Two things need more than the file: without a key, whoever can write it can calculate a
whole new chain; and the newest records can be cut off, which only shows to those who know an
earlier end of the trail.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import Final

LONGEST_LINE: Final = 64 * 1024
"""In bytes, the line's end included. No record is half as long."""

_LINE: Final = re.compile(
    rb'(\{"sequence":([1-9][0-9]{0,15}),.*,"previous":"([0-9a-f]{64})"),"hash":"([0-9a-f]{64})"\}\n'
)


@dataclass(frozen=True)
class Link:
    """A record as its successor knows it."""

    sequence: int
    hash: str


START: Final = Link(0, "0" * 64)
"""What the first record follows."""


def seal(entry: str, last: Link, key: bytes | None) -> tuple[bytes, Link]:
    """Return the line of the record that follows `last`, and the record's link.

    `entry` is what the record says: a JSON object on one line.
    """
    sequence = last.sequence + 1
    record = f'{{"sequence":{sequence},{entry[1:-1]},"previous":"{last.hash}"}}'.encode()
    link = Link(sequence, _hash(record, key))
    return record[:-1] + f',"hash":"{link.hash}"}}\n'.encode(), link


def unseal(line: bytes, key: bytes | None) -> tuple[Link, Link]:
    """Return what the record of `line` follows, and its own link.

    Raises:
        ValueError: The line is not as it was written. The text says why.

    """
    if not line.endswith(b"\n"):
        raise ValueError("the record is cut off")
    found = _LINE.fullmatch(line)
    if not found:
        raise ValueError("this is not a record")
    record, sequence, previous, stated = found.groups()
    if not hmac.compare_digest(_hash(record + b"}", key).encode(), stated):
        raise ValueError("the hash does not fit: the record was changed, or the key is another")
    return Link(int(sequence) - 1, previous.decode()), Link(int(sequence), stated.decode())


def check_order(follows: Link, last: Link | None) -> None:
    """Check that a record that `follows` a link stands after `last`; None where a trail begins.

    Raises:
        ValueError: It does not. The text says why.

    """
    if last is None:
        last = follows if follows.sequence else START
    if follows.sequence != last.sequence:
        raise ValueError(
            f"record {follows.sequence + 1} stands where {last.sequence + 1} is expected"
        )
    if follows != last:
        raise ValueError("the record does not follow the one before it")


def _hash(record: bytes, key: bytes | None) -> str:
    if key:
        return hmac.digest(key, record, "sha256").hex()
    return hashlib.sha256(record).hexdigest()
