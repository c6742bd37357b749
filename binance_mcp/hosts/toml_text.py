"""Edits of TOML that leave everything else as it is: https://toml.io/en/v1.0.0."""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, cast

_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True)
class _Statement:
    """A header, an assignment, a comment or an empty line, with the lines that it takes."""

    start: int
    end: int
    path: tuple[str, ...]
    """The table that it opens, or what it assigns; empty for a comment and an empty line."""
    is_header: bool


def parse(text: str) -> object:
    """Return the data.

    Raises:
        ValueError: It is not TOML. The text has the place.

    """
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"at line \d+, column \d+|at end of document", str(error))
        raise ValueError(f"it is not TOML {place[0] if place else ''}".rstrip()) from None


def with_entry(text: str, section: str, name: str, entry: Mapping[str, object]) -> str:
    """Return a text that `parse` accepts, with an entry as a table, in its place or at the end."""
    newline = "\r\n" if "\r\n" in text else "\n"
    lines = [f"[{_key(section)}.{_key(name)}]"]
    lines += [f"{_key(key)} = {_value(value)}" for key, value in entry.items()]
    table = "".join(line + newline for line in lines)
    found = list(_of_entry(text, (section, name)))
    if found and found[0].is_header:
        at = found[0].start
        return text[:at] + table + _without(text, found)[at:]
    text = _without(text, found)
    separator = newline if text.strip() else ""
    return text + ("" if text.endswith("\n") or not text else newline) + separator + table


def without_entry(text: str, section: str, name: str) -> str:
    """Return a text that `parse` accepts, without the statements about an entry."""
    found = list(_of_entry(text, (section, name)))
    kept = _without(text, found)
    if found and found[-1].end == len(text):  # with the empty line that parts it from the rest
        return re.sub(r"(?<=\n)\r?\n\Z", "", kept)
    return kept


def _without(text: str, statements: list[_Statement]) -> str:
    for statement in reversed(statements):
        text = text[: statement.start] + text[statement.end :]
    return text


def _of_entry(text: str, path: tuple[str, ...]) -> Iterator[_Statement]:
    """Give the statements about an entry."""
    table: tuple[str, ...] = ()
    for statement in _statements(text):
        if statement.is_header:
            table = statement.path
        whole = table if statement.is_header else table + statement.path
        if statement.path and whole[: len(path)] == path:
            yield statement


def _statements(text: str) -> Iterator[_Statement]:
    """Give every statement. One ends with the first line with which it is TOML by itself."""
    start = end = 0
    for line in re.findall(r"[^\n]*\n|[^\n]+", text):
        end += len(line)
        try:
            data = tomllib.loads(text[start:end])
        except tomllib.TOMLDecodeError:
            continue
        yield _Statement(start, end, tuple(_chain(data)), text[start:end].lstrip().startswith("["))
        start = end


def _chain(data: object) -> Iterator[str]:
    """Give the keys on the way to the first value."""
    while isinstance(data, dict) and data:
        key, data = next(iter(cast("dict[str, object]", data).items()))
        yield key


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else json.dumps(key, ensure_ascii=False)


def _value(value: object) -> str:
    if isinstance(value, Mapping):
        members = cast("Mapping[str, object]", value).items()
        return f"{{ {', '.join(f'{_key(key)} = {_value(of)}' for key, of in members)} }}"
    return json.dumps(value, ensure_ascii=False)  # TOML's strings, lists and booleans, too
