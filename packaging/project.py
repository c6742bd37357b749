"""What every package says about the project, from where it is written once.

That is pyproject.toml for the project, and the settings for what a host asks its user.
"""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, get_args, get_origin

from pydantic import SecretStr

from binance_mcp.settings import Settings

ROOT: Final = Path(__file__).parents[1]
_TITLES: Final = {
    "api_key": "API key",
    "api_secret": "API secret",
    "private_key_file": "Private key file",
    "private_key_passphrase": "Passphrase of the private key",
    "environment": "Environment",
    "policy": "Policy file",
}
"""The settings that a host asks for, and what it calls them. The others are for services."""


@dataclass(frozen=True)
class Project:
    """The project, as pyproject.toml has it."""

    name: str
    version: str
    description: str
    licence: str
    keywords: tuple[str, ...]
    title: str = "Binance Futures Listen Key"

    @property
    def authors(self) -> str:
        """Who wrote it, in the words of the licence."""
        return f"The {self.name} authors"


@dataclass(frozen=True)
class Option:
    """A setting that a host asks its user for. None is required: a sandbox needs no key."""

    key: str
    title: str
    variable: str
    description: str
    is_secret: bool
    is_file: bool
    choices: tuple[str, ...]
    default: str


def read_project() -> Project:
    """Return the project."""
    table = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return Project(
        name=table["name"],
        version=table["version"],
        description=table["description"],
        licence=table["license"],
        keywords=tuple(table["keywords"]),
    )


def options() -> list[Option]:
    """Return what a host asks its user for, in the order of the settings."""
    fields = Settings.model_fields.items()
    return [_option(key, field) for key, field in fields if key in _TITLES]


def _option(key: str, field: Any) -> Option:  # noqa: ANN401  # pydantic exports no name for it
    types = list(_types(field.annotation))
    return Option(
        key=key,
        title=_TITLES[key],
        variable=str(field.validation_alias),
        description=str(field.description).replace("`", ""),
        is_secret=SecretStr in types,
        is_file=Path in types,
        choices=tuple(str(choice) for choice in types if isinstance(choice, str)),
        default=field.default or "",
    )


def _types(annotation: object) -> Iterator[object]:
    """Give the types that an annotation consists of, and the values of a Literal."""
    if get_origin(annotation) is Literal or not get_args(annotation):
        yield from get_args(annotation) or (annotation,)
        return
    for part in get_args(annotation):
        yield from _types(part)
