"""Strict JSON: the value of a text, and its problems with line and column. Knows no policy."""

import json
import math
import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import Final, TypeAlias

from binance_mcp.errors import PolicyError, Problem

Location: TypeAlias = tuple[str | int, ...]
"""The names and indexes from the root to a value."""

_DEEPEST: Final = 64
"""Steps from the root."""
_MOST_VALUES: Final = 20_000
"""Each value may have a problem, which costs a hundred times what the value does."""
_TOKEN: Final = re.compile(r'[\[\]{}:,]|"[^"\\]*(?:\\.[^"\\]*)*"|[^\s\[\]{}:,"]+')


class _TooManyValuesError(Exception):
    """A text has more values than are allowed."""


class ParsedText:
    """A JSON value with the places of its parts. Objects are dicts and arrays are tuples."""

    def __init__(self, text: str) -> None:
        self.faults: list[Problem] = []
        """The problems that do not prevent the text from being read.

        They are repeated names in an object, numbers that are not finite, and invalid Unicode.
        """
        self._lines = [0, *(newline.end() for newline in re.finditer("\n", text))]
        self._names: dict[Location, int] = {}
        self._values: dict[Location, int] = {}
        self._read_values = 0
        self._tokens = _TOKEN.finditer(text)
        self._token = next(self._tokens)
        self.value = self._read(())

    def problem(self, place: Location, message: str, *, of_name: bool = False) -> Problem:
        """Return a problem with the value at `place`, or with its name.

        If there is no such value, line and column are those of the object around it.
        """
        known = self._names if of_name else self._values
        return self._problem_at(known.get(place, self._values.get(place[:-1], 0)), place, message)

    def _problem_at(self, offset: int, place: Location, message: str) -> Problem:
        line = bisect_right(self._lines, offset)
        return Problem(pointer(*place), message, line, offset - self._lines[line - 1] + 1)

    def _read(self, place: Location) -> object:
        if len(place) > _DEEPEST:
            raise RecursionError  # as `json` does, though that goes as deep as the stack allows
        self._read_values += 1  # not the places: a repeated name has one place
        if self._read_values > _MOST_VALUES:
            raise _TooManyValuesError
        self._values[place] = self._token.start()
        match self._token[0]:
            case "{":
                return dict(self._members(place))
            case "[":
                return tuple(self._items(place))
            case token:
                return self._scalar(token, place)

    def _members(self, parent: Location) -> Iterator[tuple[str, object]]:
        for _ in self._steps("}"):
            offset = self._token.start()
            name = self._unicode(json.loads(self._token[0]), parent)
            place = (*parent, name)
            if place in self._names:
                self.faults.append(self._problem_at(offset, place, "must not be repeated"))
            self._names[place] = offset
            self._advance()  # to the colon
            self._advance()
            yield name, self._read(place)

    def _items(self, parent: Location) -> Iterator[object]:
        for index, _ in enumerate(self._steps("]")):
            yield self._read((*parent, index))

    def _steps(self, end: str) -> Iterator[None]:
        """Step from the opening bracket to each member or item, and finally to the `end`."""
        self._advance()
        while self._token[0] != end:
            yield
            self._advance()
            if self._token[0] == ",":
                self._advance()

    def _scalar(self, token: str, place: Location) -> object:
        value: object = json.loads(token, parse_int=_integer)
        if isinstance(value, str):
            return self._unicode(value, place)
        if isinstance(value, float) and not math.isfinite(value):
            self.faults.append(self.problem(place, "must be a finite number"))
        return value

    def _unicode(self, text: str, place: Location) -> str:
        whole = text.encode(errors="replace").decode()
        if whole != text:
            fault = "must be Unicode text without lone surrogates"
            self.faults.append(self._problem_at(self._token.start(), place, fault))
        return whole

    def _advance(self) -> None:
        self._token = next(self._tokens)


def parse(source: str, text: str | bytes) -> ParsedText:
    """Return the value of a JSON text. `source` is the text's name in messages.

    Raises:
        PolicyError: The text is not JSON, or too large.

    """
    try:
        decoded = (text.encode() if isinstance(text, str) else text).decode("utf-8-sig")
        json.loads(decoded, parse_int=_integer)
        return ParsedText(decoded)
    except UnicodeError:
        problem = Problem("", "must be UTF-8 text")
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        fault = f"must be JSON; the error is at {place}: {error.msg.removesuffix(' at')}"
        problem = Problem("", fault, error.lineno, error.colno)
    except RecursionError:
        problem = Problem("", "must not be nested this deeply")
    except _TooManyValuesError:
        problem = Problem("", f"must not have more than {_MOST_VALUES} values")
    raise PolicyError(source, [problem])


def pointer(*tokens: str | int) -> str:
    """Return the JSON pointer of `tokens`, from the outermost: https://www.rfc-editor.org/rfc/rfc6901."""
    return "".join("/" + str(token).replace("~", "~0").replace("/", "~1") for token in tokens)


def _integer(digits: str) -> float:
    """Return the integer, or infinity: Python refuses to read one of thousands of digits."""
    try:
        return int(digits)
    except ValueError:
        return math.inf
