"""JSON Schemas without what costs tokens and a model does not need."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

_UNNEEDED: Final = frozenset({"title", "default", "format", "required"})


def slim(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of an object without titles, defaults, formats and null.

    Titles repeat the names. Null values are left out of results, and some providers drop the
    description of an `anyOf` with null. Nothing is `required`: no tool needs an argument, and for
    results it is not worth the tokens.
    """
    definitions = schema.get("$defs", {})
    root = {name: part for name, part in schema.items() if name not in ("$defs", "description")}
    return _object(root, definitions)


def _slim(value: object, definitions: Mapping[str, Any]) -> object:
    if isinstance(value, Mapping):
        return _object(cast("Mapping[str, Any]", value), definitions)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_slim(item, definitions) for item in cast("Sequence[object]", value)]
    return value


def _object(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    schema = _resolved(schema, definitions)
    return {
        name: _members(part, definitions) if name == "properties" else _slim(part, definitions)
        for name, part in schema.items()
        if name not in _UNNEEDED
    }


def _members(properties: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _slim(part, definitions) for name, part in properties.items()}


def _resolved(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a schema with its reference followed, and of "this or null", this."""
    choices = [each for each in schema.get("anyOf", ()) if each.get("type") != "null"]
    if len(choices) == 1:
        others = {name: part for name, part in schema.items() if name != "anyOf"}
        return _resolved({**choices[0], **others}, definitions)
    if reference := schema.get("$ref"):
        others = {name: part for name, part in schema.items() if name != "$ref"}
        definition = definitions[reference.rpartition("/")[-1]]
        return {name: part for name, part in definition.items() if name != "description"} | others
    return schema
