from collections.abc import Sequence
from typing import Annotated, Final

import pytest
from pydantic import TypeAdapter, ValidationError

from binance_mcp.policy.language.node import Name, Node, NotNull, Sentence, ToolName

KINDS: Final[Sequence[TypeAdapter[str]]] = [
    TypeAdapter(Name),
    TypeAdapter(ToolName),
    TypeAdapter(Sentence),
]


class Box(Node):
    size: int = 1
    label: Annotated[Name | None, NotNull()] = None


def test_a_node_converts_no_types() -> None:
    with pytest.raises(ValidationError):
        Box.model_validate({"size": "1"})


def test_a_node_refuses_unknown_keys() -> None:
    with pytest.raises(ValidationError):
        Box.model_validate({"colour": "red"})


def test_a_node_is_immutable() -> None:
    with pytest.raises(ValidationError):
        Box().size = 2  # pyright: ignore[reportAttributeAccessIssue] - the point


def test_an_optional_member_must_not_be_null() -> None:
    assert Box.model_validate({}).label is None
    assert Box.model_validate({"label": "a"}).label == "a"
    with pytest.raises(ValidationError):
        Box.model_validate({"label": None})


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("text", ["a", " é 1 ", "*", "x" * 300])
def test_printable_text_is_accepted_as_name_or_sentence(kind: TypeAdapter[str], text: str) -> None:
    assert kind.validate_python(text) == text


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("text", ["", "  ", "a\n", "\x7f", "a\u2028b", "\ud800", 1, None])
def test_blank_and_unprintable_text_is_refused(kind: TypeAdapter[str], text: object) -> None:
    with pytest.raises(ValidationError, match="must "):
        kind.validate_python(text)


def test_a_sentence_has_at_most_300_characters_and_a_name_any_number() -> None:
    assert TypeAdapter[str](Name).validate_python("x" * 301)
    with pytest.raises(ValidationError, match="at most 300 characters"):
        TypeAdapter[str](Sentence).validate_python("x" * 301)
