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


def test_nothing_is_converted() -> None:
    with pytest.raises(ValidationError):
        Box.model_validate({"size": "1"})


def test_nothing_unknown_is_accepted() -> None:
    with pytest.raises(ValidationError):
        Box.model_validate({"colour": "red"})


def test_nothing_changes() -> None:
    with pytest.raises(ValidationError):
        Box().size = 2  # pyright: ignore[reportAttributeAccessIssue] - the point


def test_absence_is_not_written_as_null() -> None:
    assert Box.model_validate({}).label is None
    assert Box.model_validate({"label": "a"}).label == "a"
    with pytest.raises(ValidationError):
        Box.model_validate({"label": None})


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("text", ["a", " é 1 ", "*", "x" * 300])
def test_a_text_is_printable_and_not_blank(kind: TypeAdapter[str], text: str) -> None:
    assert kind.validate_python(text) == text


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("text", ["", "  ", "a\n", "\x7f", "a\u2028b", "\ud800", 1, None])
def test_any_other_text_is_none(kind: TypeAdapter[str], text: object) -> None:
    with pytest.raises(ValidationError, match="must "):
        kind.validate_python(text)


def test_a_sentence_has_300_characters_at_most_and_a_name_any_number() -> None:
    assert TypeAdapter[str](Name).validate_python("x" * 301)
    with pytest.raises(ValidationError, match="at most 300 characters"):
        TypeAdapter[str](Sentence).validate_python("x" * 301)
