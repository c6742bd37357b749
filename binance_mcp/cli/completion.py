"""The script that completes the command line in a shell."""

from argparse import Action, ArgumentParser
from functools import partial
from inspect import isclass
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

from pydantic import BaseModel
from pydantic_settings import BaseSettings, CliSettingsSource

Shell: TypeAlias = Literal["bash", "zsh", "fish", "powershell"]


def completion_script(arguments: type[BaseSettings], shell: Shell) -> str:
    """Return a script for `shell` that completes what the command line `arguments` may have."""
    import shtab

    described: CliSettingsSource[Any] = CliSettingsSource(
        arguments, add_argument_method=partial(_add_argument, arguments)
    )
    return shtab.complete(described.root_parser, shell)


def _add_argument(
    arguments: type[BaseModel],
    parser: ArgumentParser,
    *names: str,
    **details: Any,  # noqa: ANN401  # argparse's
) -> Action:
    """Add an argument, with the values or files that complete it."""
    import shtab

    action = parser.add_argument(*names, **details)
    types = _types(arguments, action.dest.split("."))
    if choices := [each for each in types if isinstance(each, str)]:
        action.choices = choices
    elif Path in types or action.dest.endswith("file"):
        vars(action)["complete"] = shtab.FILE  # where shtab looks for it
    return action


def _types(model: type[BaseModel], path: list[str]) -> list[object]:
    """Return the types that an argument may have, and the literal values."""
    name, *inner = path
    field = model.model_fields.get(name)
    types = _leaves(field.annotation) if field else []
    if not inner:
        return types
    commands = [each for each in types if isclass(each) and issubclass(each, BaseModel)]
    return _types(commands[0], inner)


def _leaves(annotation: object) -> list[object]:
    parts = get_args(annotation)
    return [leaf for part in parts for leaf in _leaves(part)] if parts else [annotation]
