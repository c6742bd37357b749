"""Turning pydantic's errors about a policy document into problems with a place and a sentence."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final, TypeAlias, get_args

from pydantic import BaseModel, GetCoreSchemaHandler, ValidationError
from pydantic_core import CoreSchema, ErrorDetails, core_schema

from binance_mcp.errors import Problem
from binance_mcp.policy.language.strict_json import Location, ParsedText

Owner: TypeAlias = Callable[[Location], type[BaseModel]]
"""Return the model that has the member at a place."""

_SENTENCES: Final[Mapping[str, str]] = {
    "missing": "is missing",
    "model_type": "must be an object",
    "dict_type": "must be an object",
    "tuple_type": "must be a list",
    "frozen_set_type": "must be a list",
}
_BAD_NAME: Final = "bad_name"


@dataclass(frozen=True)
class Expected:
    """Annotates a type with the message for any value that it does not accept."""

    sentence: str
    words: Sequence[str] = ()
    """Words for "did you mean …?"."""
    of_name: bool = False
    """Whether the message is about the names in a mapping."""

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.custom_error_schema(
            handler(source),
            _BAD_NAME if self.of_name else "unwanted",
            custom_error_message=self.sentence,
            custom_error_context={"words": " ".join(self.words)},
        )


def one_of(literal: object) -> Expected:
    """Annotate a `Literal` of words."""
    words = get_args(literal)
    *others, last = (f'"{word}"' for word in words)
    return Expected(f"must be {', '.join(others)} or {last}", words)


def problems(
    error: ValidationError, parsed: ParsedText, owner: Owner, most: int
) -> Sequence[Problem]:
    """Return the first `most` problems of a parsed text, with their places."""
    details = error.errors(include_url=False)[:most]
    return [_problem(detail, parsed, owner) for detail in details]


def _problem(detail: ErrorDetails, parsed: ParsedText, owner: Owner) -> Problem:
    kind, place = detail["type"], detail["loc"]
    if kind == "extra_forbidden":
        known = [info.alias or name for name, info in owner(place).model_fields.items()]
        guess = _guess(place[-1], known) or f"; known here: {', '.join(known)}"
        return parsed.problem(place, f"is unknown{guess}", of_name=True)
    if kind == _BAD_NAME:
        # pydantic adds "[key]" to the location
        return parsed.problem(place[:-1], detail["msg"], of_name=True)
    words = detail.get("ctx", {}).get("words", "").split()
    sentence = _SENTENCES.get(kind, detail["msg"])
    return parsed.problem(place, sentence + _guess(detail["input"], words))


def _guess(said: object, known: Iterable[str]) -> str:
    """Return "did you mean …?", if one of the known words is similar."""
    close = get_close_matches(said.lower(), known, n=1) if isinstance(said, str) else ()
    return f'; did you mean "{close[0]}"?' if close else ""
