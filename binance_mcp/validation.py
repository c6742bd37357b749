"""What is wrong with a value that pydantic refused, in plain words."""

from typing import Final

from pydantic_core import ErrorDetails

_MESSAGES: Final = {
    "bool_parsing": "must be true or false",
    "finite_number": "must be a finite number",
    "float_parsing": "must be a number",
    "greater_than": "must be above {gt:g}",
    "greater_than_equal": "must be at least {ge:g}",
    "int_from_float": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "has too many digits",
    "less_than_equal": "must be at most {le:g}",
    "literal_error": "must be {expected}",
    "path_type": "must be UTF-8 text",
    "string_type": "must be UTF-8 text",
    "string_unicode": "must be UTF-8 text",
}


def validation_message(details: ErrorDetails) -> str:
    """Return what a value must be, without the value itself."""
    template = _MESSAGES.get(details["type"], details["msg"].removeprefix("Value error, "))
    return template.format(**details.get("ctx", {}))
