from collections.abc import Mapping
from typing import Annotated

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from binance_mcp.policy.sentences import Wanted, problems, wanted_name


class Leaf(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    size: Annotated[int | None, Field(ge=1), Wanted("must be a size")]
    colour: Annotated[str, Wanted("must be a colour")] = "green"


class Tree(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    spec: str = Field(default="", alias="$spec")
    leaf: Leaf = Leaf(size=1)
    leaves: tuple[Leaf, ...] = ()
    places: Annotated[frozenset[str], Field(strict=False)] = frozenset()
    named: Mapping[Annotated[str, Field(min_length=1), wanted_name("must have a name")], int] = (
        Field(default_factory=dict[str, int])
    )


def sentences(value: object) -> list[str]:
    with pytest.raises(ValidationError) as refused:
        Tree.model_validate(value)
    return [str(problem) for problem in problems(refused.value, {1: Tree, 2: Leaf, 3: Leaf})]


@pytest.mark.parametrize("size", ["1", True, 0, 1.0, ()])
def test_a_bad_value_has_one_sentence_whatever_is_wrong_with_it(size: object) -> None:
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
def test_a_bad_shape_is_said_in_the_words_of_json(value: object, sentence: str) -> None:
    assert sentences(value) == [sentence]


def test_a_bad_name_is_told_from_a_bad_value_under_it() -> None:
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
        ({"leaf": {"size": 1, "a/b": ""}}, "/leaf/a~1b: is unknown; known here: size, colour"),
    ],
)
def test_an_unknown_member_is_answered_with_those_known_there(value: object, sentence: str) -> None:
    assert sentences(value) == [sentence]


def test_everything_is_said_at_once() -> None:
    assert len(sentences({"leaf": {"size": 0, "colour": 1}, "leaves": 1, "fruit": 1})) == 4
