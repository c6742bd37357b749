from typing import Annotated

import pytest
from pydantic import AfterValidator, BaseModel, Field, ValidationError

from binance_mcp.validation import validation_message


def _refuse(_: int) -> int:
    raise ValueError("must be another number")


class Limits(BaseModel):
    most: int = Field(default=1, le=60_000)
    other: Annotated[int, AfterValidator(_refuse)] = 1


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"most": "70000"}, "must be at most 60000"),
        ({"most": "many"}, "must be a whole number"),
        ({"other": 7}, "must be another number"),
    ],
)
def test_a_message_says_what_a_value_must_be_and_not_what_it_was(
    values: dict[str, object], message: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        Limits.model_validate(values)
    assert [validation_message(details) for details in caught.value.errors()] == [message]
