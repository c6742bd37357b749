"""Edits of YAML that leave everything else as it is. The section must be in block style."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Final, cast

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

_LINE: Final = re.compile(r"[^\n]*\n|[^\n]+")
_TRIVIA: Final = re.compile(r"\s*(#.*)?\s*\Z")


def parse(text: str) -> object:
    """Return the data; of a text without any, an empty mapping.

    Raises:
        ValueError: It is not one document of YAML 1.2. The text has the line.
        RecursionError: It is nested too deeply.

    """
    yaml = YAML(typ="safe", pure=True)
    try:
        data = cast("object", yaml.load(text))  # pyright: ignore[reportUnknownMemberType]
    except YAMLError as error:
        line = getattr(getattr(error, "problem_mark", None), "line", None)
        place = "" if line is None else f" at line {line + 1}"
        raise ValueError(f"it is not YAML{place}") from None
    return {} if data is None else data


def with_entry(text: str, section: str, name: str, entry: Mapping[str, object]) -> str:
    """Return a text with an entry in a section, replaced in its place or added as the first."""
    newline = "\r\n" if "\r\n" in text else "\n"
    lines: list[str] = _LINE.findall(text)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += newline
    head = _head(lines, section)
    if head is None:
        head = len(lines)
        lines.append(f"{section}:{newline}")
    lines[head] = re.sub(r":\s*\{\s*\}", ":", lines[head], count=1)
    indent = _indent_below(lines, head)
    first, end = _extent(lines, head, indent, name) or (head + 1, head + 1)
    lines[first:end] = [indent + line + newline for line in _block(name, entry)]
    return "".join(lines)


def without_entry(text: str, section: str, name: str) -> str:
    """Return a text without the entry of a section."""
    lines: list[str] = _LINE.findall(text)
    head = _head(lines, section)
    if head is None:
        return text
    indent = _indent_below(lines, head)
    extent = _extent(lines, head, indent, name)
    if extent is None:
        return text
    del lines[slice(*extent)]
    if _end(lines, head + 1, 0) == head + 1:
        lines[head] = lines[head].replace(":", ": {}", 1)
    return "".join(lines)


def _head(lines: list[str], section: str) -> int | None:
    """Return the line from which the section goes on."""
    head = re.compile(rf"{re.escape(section)}\s*:(\s*\{{\s*\}})?(\s+#.*)?\s*\Z")
    return next((number for number, line in enumerate(lines) if head.match(line)), None)


def _indent_below(lines: list[str], head: int) -> str:
    line = next((line for line in lines[head + 1 :] if not _TRIVIA.match(line)), "")
    return line[: _depth(line)] or "  "


def _extent(lines: list[str], head: int, indent: str, name: str) -> tuple[int, int] | None:
    """Return the first line of an entry and the one after its last, without trailing comments."""
    key = re.compile(rf"{indent}(['\"]?){re.escape(name)}\1\s*:(\s|\Z)")
    for number in range(head + 1, _end(lines, head + 1, 0)):
        if key.match(lines[number]):
            return number, _end(lines, number + 1, len(indent))
    return None


def _end(lines: list[str], start: int, depth: int) -> int:
    """Return the line after the last one from `start` on that is deeper than `depth`."""
    end = start
    for number in range(start, len(lines)):
        if _TRIVIA.match(lines[number]):
            continue
        if _depth(lines[number]) <= depth:
            break
        end = number + 1
    return end


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _block(name: str, value: Mapping[str, object]) -> Iterator[str]:
    yield f"{name}:"
    for key, of in value.items():
        if isinstance(of, Mapping):
            yield from (f"  {line}" for line in _block(key, cast("Mapping[str, object]", of)))
        else:
            yield f"  {key}: {json.dumps(of, ensure_ascii=False)}"
