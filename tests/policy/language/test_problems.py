import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, TypeAlias

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from binance_mcp.errors import Problem
from binance_mcp.policy.language.problems import Expected, one_of, problems
from binance_mcp.policy.language.strict_json import Location, parse

Season: TypeAlias = Literal["spring", "autumn"]


class Leaf(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    size: Annotated[int | None, Field(ge=1), Expected("must be a size")]
    colour: Annotated[str, Expected("must be a colour")] = "green"
    season: Annotated[Season, one_of(Season)] = "spring"


class Tree(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    spec: str = Field(default="", alias="$spec")
    leaf: Leaf = Leaf(size=1)
    leaves: tuple[Leaf, ...] = ()
    places: Annotated[frozenset[str], Field(strict=False)] = frozenset()
    named: Mapping[
        Annotated[str, Field(min_length=1), Expected("must have a name", of_name=True)], int
    ] = Field(default_factory=dict[str, int])


def owner(place: Location) -> type[BaseModel]:
    return Tree if len(place) == 1 else Leaf


def refusal(value: object) -> Sequence[Problem]:
    parsed = parse("tree.json", json.dumps(value, indent=2))
    with pytest.raises(ValidationError) as refused:
        Tree.model_validate(parsed.value)
    return problems(refused.value, parsed, owner, most=5)


def sentences(value: object) -> list[str]:
    return [str(problem) for problem in refusal(value)]


@pytest.mark.parametrize("size", ["1", True, 0, 1.0, ()])
def test_an_invalid_value_has_one_message(size: object) -> None:
    assert sentences({"leaf": {"size": size}}) == ["/leaf/size: must be a size"]


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (1, "/: must be an object"),
        ({"leaf": ()}, "/leaf: must be an object"),
        ({"named": ()}, "/named: must be an object"),
        ({"leaves": {}}, "/leaves: must be a list"),
        ({"places": "everywhere"}, "/places: must be a list"),
        ({"leaf": {}}, "/leaf/size: is missing"),
        ({"leaves": ({"size": 1}, 2)}, "/leaves/1: must be an object"),
    ],
)
def test_an_invalid_type_is_reported_with_json_type_names(value: object, sentence: str) -> None:
    assert sentences(value) == [sentence]


def test_an_invalid_key_is_distinguished_from_an_invalid_value() -> None:
    assert sentences({"named": {"": 1}}) == ["/named/: must have a name"]
    (sentence,) = sentences({"named": {"[key]": "1"}})
    assert sentence.startswith("/named/[key]: ")


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ({"leafs": ()}, '/leafs: is unknown; did you mean "leaf"?'),
        ({"spec": ""}, '/spec: is unknown; did you mean "$spec"?'),
        (
            {"leaves": ({"size": 1, "color": ""},)},
            '/leaves/0/color: is unknown; did you mean "colour"?',
        ),
        (
            {"leaf": {"size": 1, "a/b": ""}},
            "/leaf/a~1b: is unknown; known here: size, colour, season",
        ),
    ],
)
def test_an_unknown_key_is_reported_with_the_known_ones(value: object, sentence: str) -> None:
    assert sentences(value) == [sentence]


@pytest.mark.parametrize(
    ("season", "sentence"),
    [
        ("Spring", 'must be "spring" or "autumn"; did you mean "spring"?'),
        ("autum", 'must be "spring" or "autumn"; did you mean "autumn"?'),
        ("winter", 'must be "spring" or "autumn"'),
        (1, 'must be "spring" or "autumn"'),
    ],
)
def test_a_misspelt_word_is_reported_with_a_suggestion(season: object, sentence: str) -> None:
    assert sentences({"leaf": {"size": 1, "season": season}}) == [f"/leaf/season: {sentence}"]


@pytest.mark.parametrize(
    ("value", "line", "column"),
    [
        ({"leaf": {"size": 0}}, 3, 13),
        ({"leaf": {"size": 1, "extra": 0}}, 4, 5),
        ({"named": {"a": 1, "": 1}}, 4, 5),
        ({"leaf": {}}, 2, 11),
        ([], 1, 1),
    ],
)
def test_a_problem_has_the_line_and_column_of_the_value_or_of_the_invalid_key(
    value: object, line: int, column: int
) -> None:
    (problem,) = refusal(value)
    assert (problem.line, problem.column) == (line, column)


def test_all_problems_are_reported_at_once() -> None:
    assert len(sentences({"leaf": {"size": 0, "colour": 1}, "leaves": 1, "fruit": 1})) == 4


def test_the_number_of_reported_problems_is_limited() -> None:
    assert len(sentences({"leaves": [{"size": 0}] * 6})) == 5
