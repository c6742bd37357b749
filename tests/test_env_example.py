import re
from pathlib import Path
from typing import Final

from binance_mcp.settings import Settings
from binance_mcp.settings_sources import load_settings

EXAMPLE: Final = (Path(__file__).parents[1] / ".env.example").read_text("utf-8")
ENTRY: Final = re.compile(r"^# (.+)\n#(BINANCE_\w+)=(.*)$", re.MULTILINE)
VARIABLE: Final = re.compile(r"^#(?=BINANCE_)", re.MULTILINE)


def test_env_example_lists_every_variable_with_its_description_and_default() -> None:
    assert ENTRY.findall(EXAMPLE) == [
        (field.description, field.validation_alias, _written(field.default))
        for field in Settings.model_fields.values()
    ]


def test_env_example_sets_no_variable() -> None:
    assert [line for line in EXAMPLE.splitlines() if line and not line.startswith("#")] == []


def test_env_example_uncommented_equals_the_default_settings() -> None:
    defaults = load_settings()
    text, variables = VARIABLE.subn("", EXAMPLE)
    Path("settings").write_text(text, "utf-8")
    assert variables == len(Settings.model_fields)
    named = load_settings(env_file=Path("settings"))
    assert named.model_copy(update={"env_file": None}) == defaults


def _written(default: object) -> str:
    return "" if default is None else str(default).replace("True", "true")
