"""Edits of JSON that leave everything else as it is, comments and trailing commas included.

JSON is read as VS Code and Zed read it: https://code.visualstudio.com/docs/languages/json
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

_TRIVIA: Final = re.compile(r"(?:[ \t\r\n]|//[^\r\n]*|/\*.*?\*/)*", re.DOTALL)
_STRING: Final = re.compile(r'"(?:[^"\\\x00-\x1f]|\\.)*"')
_ATOM: Final = re.compile(r"-?[0-9][0-9.eE+-]*|true|false|null")
_SPACE: Final = " \t\r\n"


@dataclass(frozen=True)
class _Value:
    start: int
    end: int
    data: object
    members: tuple["_Member", ...] | None = None
    """Those of an object."""


@dataclass(frozen=True)
class _Member:
    key: str
    start: int
    value: _Value
    end: int
    """After its comma, if it has one, else after its value."""

    @property
    def has_comma(self) -> bool:
        return self.end > self.value.end


def parse(text: str) -> object:
    """Return the data; of a text without any, an empty object.

    Raises:
        ValueError: It is not JSON, even with comments. The text has the place.
        RecursionError: It is nested too deeply.

    """
    root = _Reader(text).root()
    return {} if root is None else root.data


def is_strict(text: str) -> bool:
    """Return whether what `parse` accepts is JSON as RFC 8259 has it."""
    try:
        json.loads(text or "{}")
    except ValueError:
        return False
    return True


def with_entry(text: str, section: str, name: str, entry: Mapping[str, object]) -> str:
    """Return a text that `parse` accepts, with an entry in a section, added or replaced.

    Raises:
        ValueError: The root or the section is no object, or something is there twice.

    """
    root = _Reader(text).root()
    if root is None:
        start = "\n" if text and not text.endswith("\n") else ""
        written = json.dumps({section: {name: entry}}, indent=2, ensure_ascii=False)
        return text + f"{start}{written}\n".replace("\n", _newline(text))
    servers = _member(root, section)
    if servers is None:
        return _inserted(text, root, root, section, {name: entry})
    old = _member(servers.value, name)
    if old is None:
        return _inserted(text, root, servers.value, name, entry)
    indent = None if _is_inline(text, servers.value) else _indent(text, old.start)
    value = _written(text, root, entry, indent)
    return text[: old.value.start] + value + text[old.value.end :]


def without_entry(text: str, section: str, name: str) -> str:
    """Return a text that `parse` accepts, without an entry that is in a section.

    Raises:
        ValueError: As in `with_entry`.

    """
    root = _Reader(text).root()
    servers = root and _member(root, section)
    found = servers and _member(servers.value, name)
    if not servers or not found:
        return text
    members = servers.value.members or ()
    at = members.index(found)
    cuts = list(_cuts(text, found))
    if 0 < at == len(members) - 1 and not found.has_comma:
        comma = members[at - 1].end - 1
        cuts.append((comma, comma + 1))
    for start, end in sorted(cuts, reverse=True):
        text = text[:start] + text[end:]
    return text


class _Reader:
    """Reads a text once, and notes where everything is."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def root(self) -> _Value | None:
        """Return the value that the text has, or None if it has only white space and comments."""
        self._skip()
        if self._at == len(self._text):
            return None
        value = self._value()
        self._skip()
        if self._at < len(self._text):
            raise self._error()
        return value

    def _value(self) -> _Value:
        start = self._at
        if self._next("{"):
            members = tuple(self._members())
            data = {member.key: member.value.data for member in members}
            return _Value(start, self._at, data, members)
        if self._next("["):
            items = list(self._items())
            return _Value(start, self._at, items)
        data = self._token(_STRING, _ATOM)
        return _Value(start, self._at, data)

    def _members(self) -> Iterator[_Member]:
        while not self._closed("}"):
            start = self._at
            key = self._token(_STRING)
            self._skip()
            if not self._next(":"):
                raise self._error()
            self._skip()
            value = self._value()
            yield _Member(str(key), start, value, self._after_comma("}"))

    def _items(self) -> Iterator[object]:
        while not self._closed("]"):
            yield self._value().data
            self._after_comma("]")

    def _closed(self, bracket: str) -> bool:
        self._skip()
        return self._next(bracket)

    def _after_comma(self, bracket: str) -> int:
        """Return the place after the comma, or after the value before the closing bracket."""
        end = self._at
        self._skip()
        if self._next(","):
            return self._at
        if self._text[self._at : self._at + 1] != bracket:
            raise self._error()
        return end

    def _token(self, *kinds: re.Pattern[str]) -> object:
        for kind in kinds:
            if found := kind.match(self._text, self._at):
                try:
                    data = json.loads(found[0])
                except ValueError:
                    raise self._error() from None
                self._at = found.end()
                return data
        raise self._error()

    def _next(self, character: str) -> bool:
        found = self._text.startswith(character, self._at)
        self._at += found
        return found

    def _skip(self) -> None:
        found = _TRIVIA.match(self._text, self._at)
        self._at = found.end() if found else self._at

    def _error(self) -> ValueError:
        line = self._text.count("\n", 0, self._at) + 1
        column = self._at - self._text.rfind("\n", 0, self._at)
        return ValueError(f"it is not JSON at line {line}, column {column}")


def _member(of: _Value, name: str) -> _Member | None:
    if of.members is None:
        raise ValueError("it has something else where an object is expected")
    found = [member for member in of.members if member.key == name]
    if len(found) > 1:
        raise ValueError(f'it has "{name}" twice in one object')
    return found[0] if found else None


def _inserted(text: str, root: _Value, container: _Value, key: str, value: object) -> str:
    """Return the text with a new last member of an object."""
    members, closing = container.members or (), container.end - 1
    last = members[-1] if members else None
    after = last.end if last else container.start + 1
    at = after + len(text[after:closing].rstrip(_SPACE))  # behind the comments
    outer = _indent(text, container.start)
    if _is_inline(text, container):
        indent = None
    elif last:
        indent = _indent(text, last.start)
    else:
        indent = outer + _unit(text, root)
    written = f"{json.dumps(key, ensure_ascii=False)}: {_written(text, root, value, indent)}"
    newline = _newline(text)
    if indent is not None:
        before = newline + indent
    else:
        before = newline if "//" in text[after:at] else " " if last else ""
    comma = "," if last and last.has_comma else ""
    is_closed = indent is None or "\n" in text[at:closing]
    member = before + written + comma + ("" if is_closed else newline + outer)
    text = text[:at] + member + text[at:]
    if last and not last.has_comma:
        return text[: last.value.end] + "," + text[last.value.end :]
    return text


def _is_inline(text: str, container: _Value) -> bool:
    """Return whether the members of an object stand in one line with its bracket."""
    if container.members:
        return "\n" not in text[container.start : container.members[0].start]
    return "\n" not in text.strip() != "{}"


def _cuts(text: str, member: _Member) -> Iterator[tuple[int, int]]:
    """Give what to cut so that a member, its comma, and the line that it leaves empty are gone."""
    start, end = member.start, member.value.end
    after = member.end + len(text[member.end :]) - len(text[member.end :].lstrip(" \t"))
    before = len(text[:start].rstrip(_SPACE))
    if "\n" not in text[before:start] or text.startswith(("\r", "\n"), after):
        start = before
    elif not member.has_comma:
        end = after
    yield start, end
    if member.has_comma:
        yield member.end - 1, member.end if start == before else after


def _written(text: str, root: _Value, value: object, indent: str | None) -> str:
    """Return a value in the style of the text: in one line, or indented."""
    if indent is None:
        return json.dumps(value, ensure_ascii=False)
    written = json.dumps(value, indent=_unit(text, root), ensure_ascii=False)
    return written.replace("\n", _newline(text) + indent)


def _unit(text: str, root: _Value) -> str:
    """Return what the text indents by."""
    first = root.members[0].start if root.members else root.start
    return _indent(text, first).removeprefix(_indent(text, root.start)) or "  "


def _indent(text: str, at: int) -> str:
    """Return the white space with which a line begins."""
    line = text[text.rfind("\n", 0, at) + 1 : at]
    return line[: len(line) - len(line.lstrip(" \t"))]


def _newline(text: str) -> str:
    end = text.find("\n")
    return "\r\n" if end > 0 and text[end - 1] == "\r" else "\n"
