"""The base of all models of a policy document, and the types of its texts."""

from typing import Annotated, Final, TypeAlias, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, GetCoreSchemaHandler
from pydantic_core import CoreSchema

from binance_mcp.policy.language.problems import Expected

_LONGEST_SENTENCE: Final = 300


class Node(BaseModel):
    """Base of the models: strict, closed and frozen."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")


class NotNull:
    """Annotates an optional type: it may be absent, but not null in JSON."""

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return handler(get_args(source)[0])


def _legible(text: str) -> str:
    if not (text.strip() and text.isprintable()):
        raise ValueError
    return text


IS_LEGIBLE: Final = AfterValidator(_legible)
_LEGIBLE: Final = "printable text that is not blank"

Name: TypeAlias = Annotated[
    str, Field(pattern=r"\S"), IS_LEGIBLE, Expected(f"must be a name: {_LEGIBLE}")
]
ToolName: TypeAlias = Annotated[
    str,
    Field(pattern=r"\S"),
    IS_LEGIBLE,
    Expected(f"must be under a tool's name: {_LEGIBLE}", of_name=True),
]
Sentence: TypeAlias = Annotated[
    str,
    Field(pattern=r"\S", max_length=_LONGEST_SENTENCE),
    IS_LEGIBLE,
    Expected(f"must be one line of {_LEGIBLE}, at most {_LONGEST_SENTENCE} characters"),
]
