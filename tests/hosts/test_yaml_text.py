import pytest
from hypothesis import given

from binance_mcp.hosts.yaml_text import parse, with_entry, without_entry
from tests.hosts.texts import ENTRY, OTHER_ENTRY, is_kept, mapping, without, yaml_texts


@given(yaml_texts())
def test_an_added_entry_leaves_every_other_character_as_it_is(text: str) -> None:
    new = with_entry(text, "extensions", "binance", ENTRY)
    old = mapping(parse(text))
    others = mapping(old.get("extensions") or {})
    assert is_kept(text.replace(" {}", ""), new)
    assert parse(new) == {**old, "extensions": {**others, "binance": ENTRY}}
    if others:
        assert without_entry(new, "extensions", "binance") == text


@given(yaml_texts())
def test_a_replaced_entry_is_replaced_in_its_place(text: str) -> None:
    one = with_entry(text, "extensions", "binance", ENTRY)
    other = with_entry(one, "extensions", "binance", OTHER_ENTRY)
    assert is_kept(text.replace(" {}", ""), other)
    assert with_entry(other, "extensions", "binance", ENTRY) == one


@given(yaml_texts())
def test_any_entry_can_be_removed_without_the_comments_around_it(text: str) -> None:
    old = mapping(parse(text))
    others = mapping(old.get("extensions") or {})
    for name in others:
        new = without_entry(text, "extensions", name)
        assert parse(new) == {**old, "extensions": without(others, name)}
        assert new.count("# x") == text.count("# x")


def test_an_added_entry_is_the_first_with_the_indentation_of_the_others() -> None:
    new = with_entry("extensions:\n    # one\n    a: {}\n", "extensions", "b", {"c": {"d": "e"}})
    assert new == 'extensions:\n    b:\n      c:\n        d: "e"\n    # one\n    a: {}\n'


@pytest.mark.parametrize("text", ["a: 1\n", "a: 1", ""])
def test_a_missing_section_is_added_at_the_end(text: str) -> None:
    new = with_entry(text, "extensions", "b", {"c": 1})
    end = "\n" if text else ""
    assert new == f"{text.rstrip()}{end}extensions:\n  b:\n    c: 1\n"


@pytest.mark.parametrize("text", ["", "extensions:\n  a: {}\n"])
def test_an_entry_that_is_not_there_is_not_removed(text: str) -> None:
    assert without_entry(text, "extensions", "b") == text


def test_the_last_entry_leaves_an_empty_section() -> None:
    assert without_entry("extensions: # x\n  b: 1\n", "extensions", "b") == "extensions: {} # x\n"


@pytest.mark.parametrize(
    ("text", "place"),
    [("a: [\n", " at line 2"), ("a: 1\na: 2\n", " at line 2"), ("a: \x00\n", "")],
)
def test_malformed_yaml_is_refused_with_its_line(text: str, place: str) -> None:
    with pytest.raises(ValueError, match=f"^it is not YAML{place}$"):
        parse(text)
