"""The tree of errors that a module's docstring draws, and the one that its classes form."""

import inspect
import re
import textwrap
from types import ModuleType
from typing import Final

from binance_mcp.errors import BinanceMcpError

BRANCH: Final = re.compile(r"^(?P<indent>[ │├└─]*)(?P<name>[A-Z]\w+Error)\b", re.MULTILINE)
DRAWING: Final = re.compile(r"^    .*\n", re.MULTILINE)
INDENT: Final = 4


def drawn_tree(module: ModuleType) -> list[tuple[str, str]]:
    """Return every class of the drawing with its parent; the root's is the empty string."""
    path: list[str] = []
    branches: list[tuple[str, str]] = []
    drawing = DRAWING.findall(module.__doc__ or "")
    for branch in BRANCH.finditer(textwrap.dedent("".join(drawing))):
        depth = len(branch["indent"]) // INDENT
        path[depth:] = [branch["name"]]
        branches.append((branch["name"], "".join(path[-2:-1])))
    return branches


def real_tree(module: ModuleType) -> list[tuple[str, str]]:
    """Return every error that a module has, with its parent."""
    return [
        (name, "" if kind is BinanceMcpError else kind.__bases__[0].__name__)
        for name, kind in vars(module).items()
        if inspect.isclass(kind) and issubclass(kind, BinanceMcpError)
    ]
