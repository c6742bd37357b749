"""Reading the fields of Binance's objects for a line that a model reads. Pure.

Nothing here raises: a field that is missing or of another type is told as unknown. A text is only
shown if it looks like a single word or a number; what may be a sentence is quoted.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

_WORD: Final = re.compile(r"[A-Za-z0-9_.@-]{1,40}")
_SYMBOL: Final = re.compile(r"[\w.-]{1,24}")
"""Some symbols are Chinese."""
_DECIMAL: Final = re.compile(r"(-?)([0-9]{1,30})(\.[0-9]{1,30})?")
_THOUSANDS: Final = re.compile(r"\B(?=(?:[0-9]{3})+$)")
_LONGEST_QUOTATION: Final = 80


@dataclass(frozen=True, slots=True)
class Fields:
    """An object of Binance, or an empty one."""

    data: Mapping[str, Any]

    def part(self, name: str) -> "Fields":
        """Return an object in this one."""
        return _fields(self.data.get(name))

    def parts(self, name: str) -> "list[Fields]":
        """Return the objects in a list in this one."""
        found: object = self.data.get(name)
        listed = cast("list[object]", found) if isinstance(found, list) else []
        return [
            Fields(cast("Mapping[str, Any]", each)) for each in listed if isinstance(each, dict)
        ]

    def text(self, name: str) -> str:
        """Return a text for comparing, not for showing; an empty one if there is none."""
        found: object = self.data.get(name)
        return found if isinstance(found, str) else ""

    def number(self, name: str) -> str:
        """Return a positive whole number as text, for comparing; an empty one if it is none."""
        found: object = self.data.get(name)
        return str(found) if type(found) is int and found > 0 else ""

    def flag(self, name: str) -> bool | None:
        """Return true, false, or None if it is neither."""
        found: object = self.data.get(name)
        return found if isinstance(found, bool) else None

    def known(self, name: str) -> str | None:
        """Return a word, a decimal or a whole number as text; None if it is none."""
        return _matching(_WORD, self.data.get(name))

    def word(self, name: str, what: str) -> str:
        """Return a word or a whole number, or `unknown` and what it would be."""
        return self.known(name) or f"unknown {what}"

    def symbol(self, name: str = "s") -> str:
        """Return the name of a symbol."""
        return _matching(_SYMBOL, self.data.get(name)) or "unknown symbol"

    def decimal(self, name: str, what: str) -> str:
        """Return a decimal as Binance sent it, with separators between its thousands."""
        found = _DECIMAL.fullmatch(self.text(name))
        if found is None:
            return self.word(name, what)
        sign, whole, fraction = found.groups()
        return f"{sign}{_THOUSANDS.sub(',', whole)}{fraction or ''}"

    def is_zero(self, name: str) -> bool:
        """Return whether a decimal is zero, or is none."""
        found = self.text(name)
        return not _DECIMAL.fullmatch(found) or not found.strip("-0.")

    def unless_zero(self, name: str, before: str, after: str = "") -> str:
        """Return a decimal with the texts around it, or nothing if it is zero or none."""
        return "" if self.is_zero(name) else f"{before}{self.decimal(name, '')}{after}"

    def quoted(self, name: str, before: str) -> str:
        """Return a text after another, in quotation marks, escaped and cut; nothing for none."""
        found = self.text(name)
        if not found:
            return ""
        shown = ""
        for character in found[:_LONGEST_QUOTATION]:
            escaped = json.dumps(character)[1:-1]
            if len(shown) + len(escaped) > _LONGEST_QUOTATION:
                return f'{before}"{shown}…"'
            shown += escaped
        return f'{before}"{shown}{"…" if len(found) > _LONGEST_QUOTATION else ""}"'

    def names(self) -> list[str]:
        """Return the names of the fields themselves."""
        return [_matching(_WORD, name) or "unknown field" for name in self.data]


def _fields(value: object) -> Fields:
    return Fields(cast("Mapping[str, Any]", value) if isinstance(value, dict) else {})


def _matching(pattern: re.Pattern[str], value: object) -> str | None:
    is_short = isinstance(value, str) or (type(value) is int and abs(value) < 10**40)
    return text if is_short and pattern.fullmatch(text := str(value)) else None
