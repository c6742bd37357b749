import pytest
from pydantic import ValidationError

from binance_mcp.sandbox.wire_model import WireModel, problems


class Example(WireModel):
    listen_key: str
    times: int = 1


def complaint(body: str) -> str:
    with pytest.raises(ValidationError) as raised:
        Example.model_validate_json(body)
    return problems(raised.value)


def test_names_are_camel_case_on_the_wire() -> None:
    assert Example.model_validate_json('{"listenKey":"a"}') == Example(listen_key="a")


def test_every_problem_names_its_field() -> None:
    assert complaint('{"listenKey":1,"times":"1","more":0}') == (
        "listenKey: Input should be a valid string; times: Input should be a valid integer; "
        "more: Extra inputs are not permitted"
    )


@pytest.mark.parametrize("body", ["", "[]", "{", '"a"', "\x00"])
def test_what_is_no_json_object_is_a_problem_of_the_body(body: str) -> None:
    assert complaint(body).startswith("body: ")


def test_a_problem_does_not_show_the_value() -> None:
    with pytest.raises(ValidationError) as raised:
        Example.model_validate_json('{"listenKey":"a","times":"my secret"}')

    assert "my secret" not in problems(raised.value) + str(raised.value)
