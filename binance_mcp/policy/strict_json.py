"""Strict JSON: what a text says, and each fault of it with its pointer. Knows nothing of policy."""

import json
import math
from typing import Final, cast

from binance_mcp.errors import PolicyError, Problem

_LONGEST_INTEGER: Final = 20
"""In digits. A longer one becomes a float: Python refuses to read one of thousands of digits."""


class _Object(list[tuple[str, object]]):
    """The members of a JSON object, every one of those with the same name included."""


def parse(source: str, text: str | bytes) -> tuple[object, list[Problem]]:
    """Return the value of a JSON text, and the faults in spite of which it can be read.

    Objects become dicts and arrays become tuples. The faults are names that stand twice in an
    object, numbers that are not finite, and text that is not Unicode. `source` is the text's name
    in messages.

    Raises:
        PolicyError: The text cannot be read at all.

    """
    faults: list[Problem] = []
    try:
        decoded = (text.encode() if isinstance(text, str) else text).decode("utf-8-sig")
        tree = json.loads(decoded, object_pairs_hook=_Object, parse_int=_number)
        return _plain(tree, "", faults), faults
    except UnicodeError:
        fault = "must be UTF-8 text"
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        fault = f"must be JSON, and is not at {place}: {error.msg.removesuffix(' at')}"
    except RecursionError:
        fault = "must not be nested so deeply"
    raise PolicyError(source, [Problem("", fault)])


def pointer(*tokens: str | int) -> str:
    """Return the JSON pointer of `tokens`, from the outermost: https://www.rfc-editor.org/rfc/rfc6901."""
    return "".join("/" + str(token).replace("~", "~0").replace("/", "~1") for token in tokens)


def _number(digits: str) -> float:
    return int(digits) if len(digits) <= _LONGEST_INTEGER else float(digits)


def _plain(value: object, where: str, faults: list[Problem]) -> object:
    if isinstance(value, _Object):
        return _members(value, where, faults)
    if isinstance(value, list):
        items = enumerate(cast("list[object]", value))
        return tuple(_plain(item, where + pointer(index), faults) for index, item in items)
    if isinstance(value, float) and not math.isfinite(value):
        faults.append(Problem(where, "must be a finite number"))
    return _unicode(value, where, faults) if isinstance(value, str) else value


def _members(members: _Object, where: str, faults: list[Problem]) -> dict[str, object]:
    plain: dict[str, object] = {}
    for raw_name, value in members:
        name = _unicode(raw_name, where, faults)
        here = where + pointer(name)
        if name in plain:
            faults.append(Problem(here, "must stand only once"))
        plain[name] = _plain(value, here, faults)
    return plain


def _unicode(text: str, where: str, faults: list[Problem]) -> str:
    whole = text.encode(errors="replace").decode()
    if whole != text:
        faults.append(Problem(where, "must be Unicode text, without halves of surrogate pairs"))
    return whole
