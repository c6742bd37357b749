"""Files of hosts as people and programs write them, and what must be true of an edit."""

import json
from typing import Any, Final, TypeAlias, cast

from hypothesis import strategies as st

Draw: TypeAlias = st.DrawFn

ENTRY: Final = {
    "command": "C:\\Python\\python.exe",
    "args": ["-P", "-m", "binance_mcp"],
    "env": {"BINANCE_ENVIRONMENT": "sandbox"},
    "enabled": True,
}
OTHER_ENTRY: Final = {"url": "http://127.0.0.1:8000/mcp"}

_LINE_ENDS: Final = st.sampled_from(["\n", "\r\n"])
_SPACE: Final = st.lists(
    st.sampled_from([" ", "\n", "\t", "/* , } */", "// { ,\n", "//\n"]), max_size=3
).map("".join)
_WORDS: Final = st.text("abcé{}[]:,#/* \"'\\", max_size=8)
_SCALARS: Final = _WORDS | st.integers() | st.booleans() | st.none() | st.floats(-9, 9)
_TOML_VALUES: Final = st.sampled_from(
    ['"x"', "1", '"""\n[servers.binance]\n"""', "[\n  [1],\n  # ]\n  [2],\n]", "{ a = 1 }"]
)
_TOML_HEADERS: Final = st.sampled_from(
    ["[servers.a]", "[servers.a.env]", '  [ servers . "binance-2" ]', "[[z]]", "[x.y]"]
)
_YAML_ENTRIES: Final = st.sampled_from(
    [
        ["type: stdio", "args: [a, b]"],
        ["text: |", "  # no comment", "", "  extensions:", "    binance: 1"],
        ["args:", "- a", "- b", "'k': \"v # w\""],
    ]
)


def mapping(data: object) -> dict[str, Any]:
    assert isinstance(data, dict)
    return cast("dict[str, Any]", data)


def without(data: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in data.items() if key != name}


def is_kept(old: str, new: str) -> bool:
    """Return whether every character of the old text is in the new one, in the same order."""
    rest = iter(new)
    return all(character in rest for character in old)


@st.composite
def json_texts(draw: Draw) -> str:
    """Draw JSON with comments and any white space, with or without servers."""
    pairs = [(name, _json_value(draw)) for name in draw(st.sampled_from(["", "x", "xy"]))]
    if draw(st.booleans()):
        names = draw(st.lists(st.sampled_from(["a", "b", "binance-2"]), unique=True))
        servers = _json_object(draw, [(name, _json_value(draw)) for name in names])
        at = draw(st.integers(0, len(pairs)))
        pairs.insert(at, ("servers", servers))
    text = draw(_SPACE) + _json_object(draw, pairs) + draw(_SPACE)
    return text.replace("\n", draw(_LINE_ENDS))


def _json_value(draw: Draw, depth: int = 2) -> str:
    kind = draw(st.sampled_from(["scalar", "list", "object"])) if depth else "scalar"
    if kind == "scalar":
        return json.dumps(draw(_SCALARS))
    values = [_json_value(draw, depth - 1) for _ in range(draw(st.integers(0, 2)))]
    if kind == "list":
        return _bracketed(draw, "[]", values)
    return _json_object(draw, [(draw(_WORDS) + str(at), of) for at, of in enumerate(values)])


def _json_object(draw: Draw, pairs: list[tuple[str, str]]) -> str:
    members = [f"{json.dumps(key)}{draw(_SPACE)}:{draw(_SPACE)}{value}" for key, value in pairs]
    return _bracketed(draw, "{}", members)


def _bracketed(draw: Draw, brackets: str, items: list[str]) -> str:
    text = ",".join(f"{draw(_SPACE)}{item}{draw(_SPACE)}" for item in items)
    last = "," if items and draw(st.booleans()) else ""
    return f"{brackets[0]}{text}{last}{draw(_SPACE)}{brackets[1]}"


@st.composite
def toml_texts(draw: Draw) -> str:
    """Draw TOML with and without tables of servers."""
    filling = st.lists(st.sampled_from(["", "# [servers.binance]", "# mine"]), max_size=2)
    lines = [*draw(filling), f"x1 = {draw(_TOML_VALUES)}", *draw(filling)]
    for header in draw(st.lists(_TOML_HEADERS, unique=True)):
        lines += [header, f"a = {draw(_TOML_VALUES)}", f'"b c" = {draw(_TOML_VALUES)}']
        lines += draw(filling)
    return "\n".join([*lines, ""]).replace("\n", draw(_LINE_ENDS))


@st.composite
def yaml_texts(draw: Draw) -> str:
    """Draw YAML in block style, with and without extensions."""
    filling = st.lists(st.sampled_from(["", "# x", "  # y", "    # z"]), max_size=2)
    lines = [*draw(filling), "GOOSE_MODE: auto"]
    names = draw(st.lists(st.sampled_from(["a", '"b"', "binance-2"]), unique=True))
    if names:
        lines.append("extensions: # these")
    for name in names:
        entry = draw(_YAML_ENTRIES)
        lines += [*draw(filling), f"  {name}:", *(f"    {line}" for line in entry)]
    if not names:
        lines += draw(st.sampled_from([[], ["extensions:"], ["extensions: {}"]]))
    lines += [*draw(filling), *draw(st.sampled_from([[], ["z: no"], ["z:", "- 1", "- b: 2"]]))]
    return "\n".join([*lines, ""]).replace("\n", draw(_LINE_ENDS))
