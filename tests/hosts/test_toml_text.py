import pytest
from hypothesis import given

from binance_mcp.hosts.toml_text import parse, with_entry, without_entry
from tests.hosts.texts import ENTRY, OTHER_ENTRY, is_kept, mapping, toml_texts, without


@given(toml_texts())
def test_an_added_entry_leaves_every_other_character_as_it_is(text: str) -> None:
    new = with_entry(text, "servers", "binance", ENTRY)
    old = mapping(parse(text))
    assert new.startswith(text)
    assert parse(new) == {**old, "servers": {**old.get("servers", {}), "binance": ENTRY}}
    assert without_entry(new, "servers", "binance") == text


@given(toml_texts())
def test_a_replaced_entry_is_replaced_in_its_place(text: str) -> None:
    one = with_entry(text, "servers", "binance", ENTRY)
    other = with_entry(one, "servers", "binance", OTHER_ENTRY)
    assert other.startswith(text)
    assert with_entry(other, "servers", "binance", ENTRY) == one


@given(toml_texts())
def test_any_entry_can_be_removed_without_the_comments_around_it(text: str) -> None:
    old = mapping(parse(text))
    for name in old.get("servers", {}):
        new = without_entry(text, "servers", name)
        data = mapping(parse(new))
        assert {"servers": {}, **data} == {**old, "servers": without(old["servers"], name)}
        assert is_kept(new, text)
        assert new.count("# mine") == text.count("# mine")


def test_an_added_entry_is_a_table_at_the_end() -> None:
    assert with_entry("a = 1", "servers", "b", {"command": "x", "on": True, "a b": {}}) == (
        'a = 1\n\n[servers.b]\ncommand = "x"\non = true\n"a b" = {  }\n'
    )


def test_an_entry_in_another_form_is_replaced_by_a_table() -> None:
    text = "[servers]\nb = { command = 1 } # mine\nc = { command = 2 }\n"
    new = with_entry(text, "servers", "b", {"command": "x"})
    assert new == '[servers]\nc = { command = 2 }\n\n[servers.b]\ncommand = "x"\n'


def test_an_entry_with_tables_of_its_own_is_removed_with_them() -> None:
    text = "[servers.b]\nx = 1\n# one\n[z]\ny = 1\n[servers.b.env]\nx = 1\n"
    assert without_entry(text, "servers", "b") == "# one\n[z]\ny = 1\n"
    new = with_entry(text, "servers", "b", {"x": "1"})
    assert new == '[servers.b]\nx = "1"\n# one\n[z]\ny = 1\n'


@pytest.mark.parametrize(
    ("text", "place"),
    [("a =\n", "line 1, column 4"), ("[a]\nb = 1\nb = 2\n", "line 3, column 6")],
)
def test_malformed_toml_is_refused_with_its_place(text: str, place: str) -> None:
    with pytest.raises(ValueError, match=f"^it is not TOML at {place}$"):
        parse(text)


def test_malformed_toml_without_a_place_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^it is not TOML at end of document$"):
        parse('a = "')
