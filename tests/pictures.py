"""`python -m tests.pictures`: draw the demo's output as the picture in the README."""

import os
import re
import subprocess
import sys
from io import StringIO
from pathlib import Path
from textwrap import fill
from typing import Final

from rich.console import Console
from rich.terminal_theme import DIMMED_MONOKAI
from rich.text import Text

PICTURE: Final = Path(__file__).parents[1] / ".github" / "images" / "demo.svg"
_FONT_FACES: Final = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
_WIDTH: Final = 110


def _demo() -> str:
    ended = subprocess.run(
        [sys.executable, "-m", "binance_mcp", "demo"],
        capture_output=True,
        check=True,
        encoding="utf-8",
        env=os.environ | {"PYTHONIOENCODING": "utf-8"},
    )
    return ended.stdout.partition("\nNext:")[0]


def _draw(output: str) -> str:
    """Return the SVG. Fonts of other hosts are left out, because GitHub does not load them."""
    console = Console(record=True, width=_WIDTH, file=StringIO())
    console.print(Text("$ binance-mcp demo", style="bold green"))
    for line in output.splitlines():
        is_heading = bool(re.match(r"\d\. ", line))
        text = fill(line, _WIDTH, subsequent_indent="   ")
        console.print(Text(text, style="bold cyan" if is_heading else ""))
    svg = console.export_svg(title="binance-mcp", theme=DIMMED_MONOKAI, unique_id="demo")
    return _FONT_FACES.sub("", svg).replace("Fira Code", "monospace")


if __name__ == "__main__":
    PICTURE.write_text(_draw(_demo()), encoding="utf-8")
