"""The policy document: its models, its strict loading, and what it says of a call.

The language is that of PolicyLayer: https://policylayer.com/docs/writing-policies. Nothing here
remembers a call: counting is the business of limits.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Annotated, Final, Literal, Self, TypeAlias

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    model_validator,
)
from pydantic_core import PydanticCustomError

from binance_mcp.errors import PolicyDeniedError, PolicyError, Problem
from binance_mcp.policy.sentences import Wanted, problems, wanted_name
from binance_mcp.policy.strict_json import parse, pointer

_LARGEST_FILE: Final = 1024 * 1024
_SECONDS: Final[Mapping[str, float]] = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}


@dataclass(frozen=True)
class _Seen:
    """What the document has said so far, for the rules that span it."""

    hidden: set[str] = field(default_factory=set[str])
    limits: dict[str, "Limit"] = field(default_factory=dict[str, "Limit"])


def _legible(text: str) -> str:
    if not (text.strip() and text.isprintable()):
        raise ValueError
    return text


def _stands_once(name: str, info: ValidationInfo) -> str:
    if isinstance(info.context, _Seen):
        if name in info.context.hidden:
            raise PydanticCustomError("twice", "must stand only once")
        info.context.hidden.add(name)
    return name


_Name: TypeAlias = Annotated[
    str, AfterValidator(_legible), Wanted("must be a name: printable text that is not blank")
]
_ToolName: TypeAlias = Annotated[
    _Name, wanted_name("must stand under a tool's name: printable text that is not blank")
]
_Window: TypeAlias = Annotated[
    Literal["second", "minute", "hour", "day"] | Annotated[float, Field(gt=0, le=31 * 86_400)],
    Wanted(
        'must be "second", "minute", "hour", "day" or a number of seconds above 0'
        " and at most 2678400 (31 days)"
    ),
]
_Max: TypeAlias = Annotated[
    int,
    Field(ge=1, le=1_000_000_000),
    Wanted("must be a whole number of calls from 1 to 1000000000"),
]
Scope: TypeAlias = Literal["session", "grant", "server"]


class _Part(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")


class Limit(_Part):
    """At most `max` calls in any `window`, counted under the name `counter`, per `scope`."""

    counter: _Name
    window: _Window
    """A word, or seconds."""
    max: _Max
    scope: Annotated[Scope, Wanted('must be "session", "grant" or "server"')] = "session"

    @property
    def seconds(self) -> float:
        """Return the length of the window."""
        return _SECONDS[self.window] if isinstance(self.window, str) else self.window

    @model_validator(mode="after")
    def _agrees_with_its_namesakes(self, info: ValidationInfo) -> Self:
        if isinstance(info.context, _Seen):
            first = info.context.limits.setdefault(self.counter, self)
            if first != self:
                raise PydanticCustomError(
                    "conflict",
                    'must have the max, window and scope with which counter "{counter}" stands'
                    " first in the document",
                    {"counter": self.counter},
                )
        return self


class AllTools(_Part):
    """What holds for the calls of all tools together."""

    limits: tuple[Limit, ...] = ()


class Tool(_Part):
    """What holds for the calls of one tool."""

    limits: tuple[Limit, ...] = ()


class Document(_Part):
    """A policy: which tools may be called, and how often."""

    json_schema: Annotated[str, Wanted("must be text")] = Field(default="", alias="$schema")
    """Where editors find the schema. Says nothing of calls."""
    version: Annotated[Literal["1"], Wanted('must be "1"')]
    default: Annotated[Literal["allow", "deny"], Wanted('must be "allow" or "deny"')]
    """What becomes of a tool that `tools` does not list."""
    hide: Annotated[
        frozenset[Annotated[_Name, AfterValidator(_stands_once)]],
        Field(strict=False),  # JSON has lists where this has a set
    ] = frozenset()
    """Names of tools; `*` is every tool."""
    all_tools: AllTools = AllTools()
    tools: Mapping[_ToolName, Tool] = Field(default_factory=dict[str, Tool])


_MODELS: Final[Mapping[int, type[BaseModel]]] = {
    1: Document,
    2: AllTools,
    3: Tool,
    4: Limit,
    5: Limit,
}
"""Whose member it is that stands so many steps below the root."""


@dataclass(frozen=True)
class Call:
    """A call that an agent asks for."""

    tool: str
    arguments: Mapping[str, object]


@dataclass(frozen=True)
class AppliedLimit:
    """A limit that holds for a call, and the JSON pointer of where the document says so."""

    rule: str
    limit: Limit


def evaluate(document: Document, call: Call) -> Sequence[AppliedLimit]:
    """Return the limits that the call has to keep, the tool's own first.

    Raises:
        PolicyDeniedError: The tool is hidden, or is not listed and the default is to deny.

    """
    if is_hidden(document, call.tool):
        raise PolicyDeniedError("This tool is hidden by the policy.", code="hidden", rule="/hide")
    tool = document.tools.get(call.tool)
    if tool is None and document.default == "deny":
        raise PolicyDeniedError(
            "This tool is not listed in the policy, which denies every tool that it does not list.",
            code="not_listed",
            rule="/default",
        )
    own = () if tool is None else _applied(tool.limits, "tools", call.tool)
    return (*own, *_applied(document.all_tools.limits, "all_tools"))


def is_hidden(document: Document, tool: str) -> bool:
    """Return whether a tool must not be shown, and not be called."""
    return tool in document.hide or "*" in document.hide


def load(source: str, text: str | bytes) -> Document:
    """Return the document that a text holds. `source` is the text's name in messages.

    Raises:
        PolicyError: The document is not understood to the last detail. Has all of its problems.

    """
    plain, faults = parse(source, text)
    try:
        document = Document.model_validate(plain, context=_Seen())
    except ValidationError as error:
        faults += problems(error, _MODELS)
    else:
        if not faults:
            return document
    raise PolicyError(source, faults)


def load_file(path: Path) -> Document:
    """Return the document in a file.

    Raises:
        PolicyError: The file cannot be read, has more than 1 MiB, or `load` refuses it.

    """
    try:
        with path.open("rb") as file:
            text = file.read(_LARGEST_FILE + 1)
    except OSError as error:
        problem = Problem("", f"cannot be read: {error.strerror}")
        raise PolicyError(str(path), [problem]) from None
    if len(text) > _LARGEST_FILE:
        raise PolicyError(str(path), [Problem("", "must not be larger than 1 MiB")])
    return load(str(path), text)


def load_default() -> Document:
    """Return the policy that is shipped."""
    text = resources.files("binance_mcp.policy").joinpath("default.json").read_bytes()
    return load("default.json", text)


def _applied(limits: Sequence[Limit], *place: str) -> Iterator[AppliedLimit]:
    for index, limit in enumerate(limits):
        yield AppliedLimit(pointer(*place, "limits", index), limit)
