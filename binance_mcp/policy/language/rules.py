"""The models of rules: limits and conditions. Deciding about a call is `policy.admission`'s."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, Final, Literal, Self, TypeAlias

from pydantic import ConfigDict, Field, JsonValue, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from binance_mcp.policy.language.node import IS_LEGIBLE, Name, Node, Sentence
from binance_mcp.policy.language.operators import (
    Comparison,
    Operator,
    Verdict,
    argument,
    comparison,
    fault,
)
from binance_mcp.policy.language.problems import Expected, one_of

_LONGEST_VALUE: Final = 60
"""Most characters of a value in a condition's `words`."""
_SECONDS: Final[Mapping[str, float]] = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}

_Word: TypeAlias = Literal["second", "minute", "hour", "day"]
_Window: TypeAlias = Annotated[
    _Word | Annotated[float, Field(gt=0, le=31 * 86_400)],
    Expected(
        'must be "second", "minute", "hour", "day" or a number of seconds above 0'
        " and at most 2678400 (31 days)",
        tuple(_SECONDS),
    ),
    Field(description="A word, or a number of seconds. The window moves: it ends at each call."),
]
_Max: TypeAlias = Annotated[
    int,
    Field(ge=1, le=1_000_000_000),
    Expected("must be a whole number of calls from 1 to 1000000000"),
    Field(description="How many calls are admitted in any window."),
]
Scope: TypeAlias = Literal["session", "grant", "server"]


@dataclass
class Seen:
    """The state of one validation, for rules that span a document: names and counters so far.

    pydantic validates the name of a tool before its value, so `tool` is the name above a rule.
    """

    hidden: set[str] = field(default_factory=set[str])
    limits: dict[str, "Limit"] = field(default_factory=dict[str, "Limit"])
    tool: str = ""
    """The tool whose rules are validated."""

    def agree(self, limit: "Limit") -> None:
        """Raise PydanticCustomError if the limit's counter had other values before."""
        if self.limits.setdefault(limit.counter, limit) != limit:
            raise PydanticCustomError(
                "conflict",
                "must have the same max, window and scope as the first limit"
                ' with counter "{counter}"',
                {"counter": limit.counter},
            )


class Limit(Node):
    """At most `max` calls in any `window`, counted under the name `counter`, per `scope`."""

    counter: Annotated[
        Name,
        Field(description="The name of what counts the calls. Limits with the same name share it."),
    ]
    window: _Window
    max: _Max
    scope: Annotated[
        Scope,
        one_of(Scope),
        Field(description="Whose calls are counted together: a session's, a grant's, or all."),
    ] = "session"

    @property
    def seconds(self) -> float:
        """Return the length of the window."""
        return _SECONDS[self.window] if isinstance(self.window, str) else self.window

    @model_validator(mode="after")
    def _agrees_with_its_counter(self, info: ValidationInfo) -> Self:
        if isinstance(info.context, Seen):
            info.context.agree(self)
        return self


class RateLimit(Node):
    """At most `max` calls of a tool in any `window`, per session."""

    max: _Max
    window: _Window

    def of(self, tool: str) -> Limit:
        """Return the equivalent limit for a tool, with its own counter."""
        counter = f"{tool}_rate_limit"
        return Limit.model_construct(counter=counter, window=self.window, max=self.max)

    @model_validator(mode="after")
    def _has_its_own_counter(self, info: ValidationInfo) -> Self:
        if isinstance(info.context, Seen):
            info.context.agree(self.of(info.context.tool))
        return self


_VALUES: Final[Mapping[tuple[Operator, ...], dict[str, JsonValue]]] = {
    ("in", "not_in"): {"type": "array", "minItems": 1},
    ("lt", "lte", "gt", "gte"): {"type": "number"},
    ("regex",): {"type": "string"},
    ("exists",): {"type": "boolean"},
}
"""JSON Schemas of the values that an operator requires."""


class Condition(Node):
    """A comparison of an argument with a value."""

    model_config = ConfigDict(
        json_schema_extra={
            "allOf": [
                {
                    "if": {"properties": {"op": {"enum": list(ops)}}, "required": ["op"]},
                    "then": {"properties": {"value": value}},
                }
                for ops, value in _VALUES.items()
            ]
        }
    )

    path: Annotated[
        str,
        Field(pattern=r"^args(\.[^.]+)+$", max_length=200),
        IS_LEGIBLE,
        Expected(
            'must be "args." and an argument\'s name, optionally with names inside it: args.a.b'
        ),
        Field(description="Names that lead to the argument, such as args.order.amount."),
    ]
    op: Annotated[
        Operator,
        one_of(Operator),
        Field(
            description="How the argument is compared with `value`. An argument that is absent, "
            "null or of another type never admits a call, except with `exists`."
        ),
    ]
    value: Annotated[
        object,
        Field(
            description="For `in` and `not_in` a list, for `lt`, `lte`, `gt` and `gte` a number, "
            "for `regex` a pattern that may match anywhere, for `exists` true or false."
        ),
    ]

    def holds(self, arguments: object) -> Verdict:
        """Return whether the condition holds for these arguments; None if it cannot be compared."""
        return self._comparison(argument(arguments, self.path.split(".")[1:]))

    @cached_property
    def words(self) -> str:
        """The condition as one short printable line."""
        value = json.dumps(self.value).replace("\x7f", "\\u007f")
        return (
            f"{self.path} {self.op} {value[:_LONGEST_VALUE]}{'…' * (len(value) > _LONGEST_VALUE)}"
        )

    @cached_property
    def _comparison(self) -> Comparison:
        return comparison(self.op, self.value)

    @field_validator("value")
    @classmethod
    def _fits_the_operator(cls, value: object, info: ValidationInfo) -> object:
        op: Operator | None = info.data.get("op")
        if op and (sentence := fault(op, value)):
            raise PydanticCustomError("literal", "{sentence}", {"sentence": sentence})
        return value

    @model_validator(mode="after")
    def _is_ready(self) -> Self:
        _ = self._comparison  # compiled now, not in the first call
        return self


class Rule(Node):
    """Conditions on a call's arguments, all of which must hold."""

    conditions: Annotated[
        tuple[Condition, ...], Field(description="Conditions, all of which must hold.")
    ]
    on_deny: Annotated[
        Sentence, Field(description="What to tell the agent whose call is denied.")
    ] = ""
