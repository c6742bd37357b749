"""The policy document: its models and its strict loading.

The language is that of PolicyLayer: https://policylayer.com/docs/writing-policies. What a document
says of a call is the business of admission; remembering calls is that of limits.
"""

from collections.abc import Mapping
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    Field,
    ValidationError,
    ValidationInfo,
)
from pydantic_core import PydanticCustomError

from binance_mcp.errors import PolicyError, Problem
from binance_mcp.policy.language.node import Name, Node, NotNull, Sentence, ToolName
from binance_mcp.policy.language.problems import Expected, one_of, problems
from binance_mcp.policy.language.rules import Condition, Limit, RateLimit, Rule, Seen
from binance_mcp.policy.language.strict_json import Location, parse

Action: TypeAlias = Literal["allow", "deny", "require_approval"]
Default: TypeAlias = Literal["allow", "deny"]


def _is_unique(name: str, info: ValidationInfo) -> str:
    if isinstance(info.context, Seen):
        if name in info.context.hidden:
            raise PydanticCustomError("twice", "must not be repeated")
        info.context.hidden.add(name)
    return name


def _is_current(name: str, info: ValidationInfo) -> str:
    if isinstance(info.context, Seen):
        info.context.tool = name
    return name


class AllTools(Node):
    """The rules for the calls of all tools together."""

    limits: Annotated[
        tuple[Limit, ...], Field(description="How often all tools together may be called.")
    ] = ()


class Tool(Node):
    """The rules for the calls of one tool."""

    action: Annotated[
        Action,
        one_of(Action),
        Field(
            description="What happens to a call that no rule denies. "
            "With `require_approval`, the user is asked each time."
        ),
    ] = "allow"
    reason: Annotated[
        Sentence, Field(description="Why `action` denies, or what the user is asked to approve.")
    ] = ""
    deny_if: Annotated[
        tuple[Rule, ...],
        Field(
            description="A call is denied by any rule whose conditions all hold, "
            "or cannot be compared; by a rule without conditions always."
        ),
    ] = ()
    require: Annotated[
        tuple[Rule, ...],
        Field(description="A call is denied unless all conditions of all rules certainly hold."),
    ] = ()
    limits: Annotated[
        tuple[Limit, ...], Field(description="How often the tool may be called.")
    ] = ()
    rate_limit: Annotated[
        RateLimit | None,
        NotNull(),
        Field(description="How often a session may call the tool. A limit in short."),
    ] = None


class Document(Node):
    """A policy: which tools an agent may call, how, and how often."""

    json_schema: Annotated[
        str,
        Expected("must be text"),
        Field(
            alias="$schema", description="Where editors find the schema. It has no effect on calls."
        ),
    ] = ""
    version: Annotated[
        Literal["1"], Expected('must be "1"'), Field(description="The version of the language.")
    ]
    default: Annotated[
        Default,
        one_of(Default),
        Field(description="What becomes of the calls of a tool that `tools` does not list."),
    ]
    hide: Annotated[
        frozenset[Annotated[Name, AfterValidator(_is_unique)]],
        Field(
            strict=False,  # JSON has lists where this has a set
            description="Names of tools that are not shown and not called. `*` is every tool.",
        ),
    ] = frozenset()
    all_tools: Annotated[
        AllTools, Field(description="Rules for the calls of all tools together.")
    ] = AllTools()
    tools: Annotated[
        Mapping[Annotated[ToolName, BeforeValidator(_is_current)], Tool],
        Field(
            description="What holds for the calls of each tool, by its name.",
            json_schema_extra={"additionalProperties": False},  # a blank name
        ),
    ] = Field(default_factory=dict[str, Tool])


_MOST_PROBLEMS: Final = 100
_OWNERS: Final[Mapping[str, type[BaseModel]]] = {
    "": Document,
    "all_tools": AllTools,
    "tools": Tool,
    "limits": Limit,
    "rate_limit": RateLimit,
    "require": Rule,
    "deny_if": Rule,
    "conditions": Condition,
}
"""The model of the values under each key. The names of tools are skipped."""


def load(source: str, text: str | bytes) -> Document:
    """Return the document that a text holds. `source` is the text's name in messages.

    Raises:
        PolicyError: Something in the document is not understood. It has all of the problems, or
            the first 100 and how many more there are.

    """
    parsed = parse(source, text)
    faults = list(parsed.faults)
    found = len(faults)
    try:
        document = Document.model_validate(parsed.value, context=Seen())
    except ValidationError as error:
        faults += problems(error, parsed, _owner, _MOST_PROBLEMS)
        found += error.error_count()
    else:
        if not faults:
            return document
    if (more := found - _MOST_PROBLEMS) > 0:
        faults[_MOST_PROBLEMS:] = [Problem("", f"has {more} more problem{'s' * (more != 1)}")]
    raise PolicyError(source, faults, found)


def _owner(place: Location) -> type[BaseModel]:
    keys = ["", *(key for key in place[:-1] if isinstance(key, str))]
    if keys[1:2] == ["tools"]:
        del keys[2:3]
    return _OWNERS[keys[-1]]
