"""What the commands about a policy have in common."""

import json
from pathlib import Path
from typing import Annotated, TypeAlias

from pydantic import Field
from pydantic_settings import CliPositionalArg, CliToggleFlag

from binance_mcp.cli.command import settings_in_force
from binance_mcp.cli.output import say

File: TypeAlias = CliPositionalArg[
    Annotated[Path | None, Field(description="Policy file, instead of the configured one.")]
]
AsJson: TypeAlias = CliToggleFlag[Annotated[bool, Field(alias="json", description="Print JSON.")]]


def in_force(file: Path | None) -> Path | None:
    """Return the file that is given, or the configured one; None for the built-in policy."""
    return file or settings_in_force().policy


def say_json(value: object) -> None:
    """Print a value as JSON."""
    say(json.dumps(value, indent=2, ensure_ascii=False))
