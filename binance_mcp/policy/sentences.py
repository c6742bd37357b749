"""What is wrong with a value, in one plain sentence. The only home of pydantic's error details."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from pydantic import BaseModel, GetCoreSchemaHandler, ValidationError
from pydantic_core import CoreSchema, ErrorDetails, core_schema

from binance_mcp.errors import Problem
from binance_mcp.policy.strict_json import pointer

_SENTENCES: Final[Mapping[str, str]] = {
    "missing": "is missing",
    "model_type": "must be an object",
    "dict_type": "must be an object",
    "tuple_type": "must be a list",
    "frozen_set_type": "must be a list",
}
_BAD_NAME: Final = "bad_name"


@dataclass(frozen=True)
class Wanted:
    """Annotates a type with the sentence to say, whatever is wrong with a value."""

    sentence: str
    kind: str = "unwanted"

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.custom_error_schema(
            handler(source), self.kind, custom_error_message=self.sentence
        )


def wanted_name(sentence: str) -> Wanted:
    """Annotate the type of the names in a mapping."""
    return Wanted(sentence, _BAD_NAME)


def problems(error: ValidationError, models: Mapping[int, type[BaseModel]]) -> Sequence[Problem]:
    """Return everything that is wrong, each with its JSON pointer.

    `models` says whose member stands so many steps below the root, where one can be unknown.
    """
    details = error.errors(include_url=False, include_input=False)
    return [_problem(detail, models) for detail in details]


def _problem(detail: ErrorDetails, models: Mapping[int, type[BaseModel]]) -> Problem:
    kind, place = detail["type"], detail["loc"]
    if kind == "extra_forbidden":
        return Problem(pointer(*place), _unknown(str(place[-1]), models[len(place)]))
    if kind == _BAD_NAME:
        place = place[:-1]  # pydantic adds a step to say that it means the name, not the value
    return Problem(pointer(*place), _SENTENCES.get(kind, detail["msg"]))


def _unknown(name: str, model: type[BaseModel]) -> str:
    known = [info.alias or member for member, info in model.model_fields.items()]
    for close in get_close_matches(name, known, n=1):
        return f'is unknown; did you mean "{close}"?'
    return f"is unknown; known here: {', '.join(known)}"
