import json

import pytest
from hypothesis import given

from binance_mcp.hosts.json_text import is_strict, parse, with_entry, without_entry
from tests.hosts.texts import ENTRY, OTHER_ENTRY, is_kept, json_texts, mapping, without

ADDED = '{"command": "x"}'
SMALL = json.loads(ADDED)


@given(json_texts())
def test_an_added_entry_leaves_every_other_character_as_it_is(text: str) -> None:
    new = with_entry(text, "servers", "binance", ENTRY)
    old = mapping(parse(text))
    assert is_kept(text, new)
    assert parse(new) == {**old, "servers": {**old.get("servers", {}), "binance": ENTRY}}


@given(json_texts())
def test_a_removed_entry_leaves_what_was_there_before_it_was_added(text: str) -> None:
    new = without_entry(with_entry(text, "servers", "binance", ENTRY), "servers", "binance")
    old = mapping(parse(text))
    assert is_kept("".join(text.split()), "".join(new.split()))
    assert parse(new) == {"servers": {}, **old}


@given(json_texts())
def test_a_replaced_entry_is_replaced_in_its_place(text: str) -> None:
    one = with_entry(text, "servers", "binance", ENTRY)
    other = with_entry(one, "servers", "binance", OTHER_ENTRY)
    assert is_kept(text, other)
    assert with_entry(other, "servers", "binance", ENTRY) == one


@given(json_texts())
def test_any_entry_can_be_removed(text: str) -> None:
    old = mapping(parse(text))
    servers = old.get("servers", {})
    for name in servers:
        assert parse(without_entry(text, "servers", name)) == {
            **old,
            "servers": without(servers, name),
        }


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (
            "",
            '{\n  "servers": {\n    "b": {\n      "command": "x"\n    }\n  }\n}\n',
        ),
        ('{"servers": {}}', f'{{"servers": {{"b": {ADDED}}}}}'),
        ('{"servers": {"a": 1}}', f'{{"servers": {{"a": 1, "b": {ADDED}}}}}'),
        (
            '{\n\t"servers": {\n\t\t"a": 1 // 1\n\t}\n}',
            '{\n\t"servers": {\n\t\t"a": 1, // 1\n\t\t"b": {\n\t\t\t"command": "x"\n\t\t}\n\t}\n}',
        ),
        (
            '{\r\n "servers": {\r\n  "a": 1,\r\n }\r\n}',
            '{\r\n "servers": {\r\n  "a": 1,\r\n  "b": {\r\n   "command": "x"\r\n  },\r\n }\r\n}',
        ),
    ],
)
def test_an_added_entry_has_the_style_of_the_file(old: str, new: str) -> None:
    assert with_entry(old, "servers", "b", SMALL) == new


def test_an_entry_is_added_to_a_file_with_only_a_comment() -> None:
    assert parse(with_entry("// mine", "servers", "b", SMALL)) == {"servers": {"b": SMALL}}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('{"servers": {"b": 1}}', '{"servers": {}}'),
        ('{"servers": {"b": 1, "c": 2}}', '{"servers": { "c": 2}}'),
        ('{"servers": {"a": 1, "b": 2}}', '{"servers": {"a": 1}}'),
        ('{"servers": {"a": 1, "b": 2,}}', '{"servers": {"a": 1,}}'),
        ('{"servers": {"a": 1, "b": 2 /* mine */ ,}}', '{"servers": {"a": 1, /* mine */ }}'),
        ('{"servers": {"a": 1, // x\n"b": 2, "c": 3}}', '{"servers": {"a": 1, // x\n"c": 3}}'),
        ('{"servers": {"a": 1, // x\n"b": 2}}', '{"servers": {"a": 1 // x\n}}'),
        ('{"servers": {// x\n"b": 2\n}}', '{"servers": {// x\n}}'),
        ('{"servers": {"a": 1}}', '{"servers": {"a": 1}}'),
        ('{"x": 1}', '{"x": 1}'),
        ("", ""),
    ],
)
def test_an_entry_is_removed_with_its_comma_and_without_comments(old: str, new: str) -> None:
    assert without_entry(old, "servers", "b") == new


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("{", "line 1, column 2"),
        ("{} {}", "line 1, column 4"),
        ('{\n  "a" 1\n}', "line 2, column 7"),
        ('{"a": 1 "b": 2}', "line 1, column 9"),
        ('{"a": [1 2]}', "line 1, column 10"),
        ('{"a": 01}', "line 1, column 7"),
        ('{"a": "\\x"}', "line 1, column 7"),
        ('{"a": secret}', "line 1, column 7"),
        ("{a: 1}", "line 1, column 2"),
        ('{"a": /* ', "line 1, column 7"),
    ],
)
def test_malformed_json_is_refused_with_its_place(text: str, place: str) -> None:
    with pytest.raises(ValueError, match=f"^it is not JSON at {place}$"):
        parse(text)


@pytest.mark.parametrize("text", ['{"servers": []}', '{"servers": {"b": 1, "b": 2}}', "[]"])
def test_a_place_that_is_not_one_object_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^it has "):
        with_entry(text, "servers", "b", SMALL)


def test_comments_and_last_commas_are_not_strict_json() -> None:
    assert [is_strict(text) for text in ("", "{}", "{} // x", '{"a": 1,}')] == [
        True,
        True,
        False,
        False,
    ]
