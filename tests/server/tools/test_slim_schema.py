import pytest
from pydantic import BaseModel, Field

from binance_mcp.server.tools.slim_schema import slim


class Inner(BaseModel):
    """Described at length."""

    title: str


class Outer(BaseModel):
    """Described at length."""

    number: int | None = Field(None, description="Kept.", ge=1)
    either: int | str = 1
    inner: Inner | None = None
    inners: list[Inner] = []


SLIM = slim(Outer.model_json_schema())


@pytest.mark.parametrize(
    ("member", "schema"),
    [
        ("number", {"type": "integer", "minimum": 1, "description": "Kept."}),
        ("either", {"anyOf": [{"type": "integer"}, {"type": "string"}]}),
        ("inner", {"type": "object", "properties": {"title": {"type": "string"}}}),
        (
            "inners",
            {
                "type": "array",
                "items": {"type": "object", "properties": {"title": {"type": "string"}}},
            },
        ),
    ],
)
def test_a_member_keeps_only_what_a_model_needs(member: str, schema: dict[str, object]) -> None:
    assert SLIM["properties"][member] == schema


def test_the_object_itself_has_a_type_and_members_only() -> None:
    assert SLIM.keys() == {"type", "properties"}
