import hashlib
import hmac
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binance_mcp.audit.chain import START, Link, check_order, seal, unseal

KEY = b"a key"
KEYS = st.sampled_from([None, KEY])
FIRST, FIRST_LINK = seal('{"a":1}', START, None)
ENTRIES = st.dictionaries(st.text(), st.text(), min_size=1).map(json.dumps)


def refusal(line: bytes, key: bytes | None = None) -> str:
    with pytest.raises(ValueError, match=r"\w") as refused:
        unseal(line, key)
    return str(refused.value)


def misplacement(follows: Link, last: Link | None) -> str:
    with pytest.raises(ValueError, match=r"\w") as refused:
        check_order(follows, last)
    return str(refused.value)


def test_an_audit_record_is_a_json_line_with_sequence_number_and_two_hashes() -> None:
    line, link = seal('{"b":2}', FIRST_LINK, None)
    assert line.endswith(b"}\n")
    assert list(json.loads(line).items()) == [
        ("sequence", 2),
        ("b", 2),
        ("previous", FIRST_LINK.hash),
        ("hash", link.hash),
    ]


def test_the_previous_hash_of_the_first_record_is_64_zeros() -> None:
    assert json.loads(FIRST)["previous"] == "0" * 64
    assert json.loads(FIRST)["sequence"] == 1


def test_the_hash_is_sha256_of_the_line_without_the_hash() -> None:
    record = f'{{"sequence":1,"a":1,"previous":"{"0" * 64}"}}'.encode()
    assert json.loads(FIRST)["hash"] == hashlib.sha256(record).hexdigest()


def test_with_a_key_the_hash_is_hmac_sha256() -> None:
    record = f'{{"sequence":1,"a":1,"previous":"{"0" * 64}"}}'.encode()
    _, link = seal('{"a":1}', START, KEY)
    assert link == Link(1, hmac.new(KEY, record, hashlib.sha256).hexdigest())


@given(ENTRIES, st.integers(0, 10**15), KEYS)
def test_a_sealed_record_can_be_unsealed(entry: str, sequence: int, key: bytes | None) -> None:
    last = Link(sequence, "0123456789abcdef" * 4)
    line, link = seal(entry, last, key)
    assert unseal(line, key) == (last, link)


@given(st.integers(0, len(FIRST) - 1), st.integers(0, 255))
def test_unseal_refuses_any_changed_byte(index: int, byte: int) -> None:
    changed = FIRST[:index] + bytes([byte]) + FIRST[index + 1 :]
    if changed == FIRST:
        assert unseal(changed, None) == (START, FIRST_LINK)
    else:
        assert refusal(changed)


@pytest.mark.parametrize(
    "line",
    [
        b"\n",
        b"{}\n",
        b"text\n",
        b"\n" + FIRST,
        FIRST + b"\n",
        FIRST.replace(b":1,", b": 1,", 1),
        FIRST.replace(b":1,", b":0,", 1),
        FIRST.replace(b":1,", b":01,", 1),
        FIRST.replace(FIRST_LINK.hash.encode(), FIRST_LINK.hash.upper().encode()),
    ],
)
def test_unseal_refuses_a_line_that_is_not_a_record(line: bytes) -> None:
    assert refusal(line) == "this is not a record"


def test_a_changed_record_is_refused() -> None:
    changed = FIRST.replace(b'"a":1', b'"a":2')
    assert refusal(changed) == (
        "the hash does not match: the record was changed, or the key is different"
    )


@pytest.mark.parametrize(("sealed", "read"), [(None, KEY), (KEY, None), (KEY, b"another")])
def test_a_record_sealed_with_another_key_is_refused(
    sealed: bytes | None, read: bytes | None
) -> None:
    line, _ = seal('{"a":1}', START, sealed)
    assert refusal(line, read).startswith("the hash does not match")


def test_an_empty_key_means_no_key() -> None:
    assert seal('{"a":1}', START, b"") == seal('{"a":1}', START, None)


@given(st.integers(0, len(FIRST) - 1))
def test_a_truncated_record_is_reported_as_cut_off(length: int) -> None:
    assert refusal(FIRST[:length]) == "the record is cut off"


def test_a_record_that_follows_its_predecessor_is_in_order() -> None:
    check_order(FIRST_LINK, FIRST_LINK)


@pytest.mark.parametrize("follows", [START, FIRST_LINK, Link(7, "0" * 64)])
def test_an_audit_trail_may_begin_at_any_record(follows: Link) -> None:
    check_order(follows, None)


def test_record_number_1_must_follow_the_start_of_the_chain() -> None:
    problem = misplacement(Link(0, "1" * 64), None)
    assert problem == "the record does not follow the one before it"


@pytest.mark.parametrize(("sequence", "told"), [(3, 4), (0, 1)])
def test_a_missing_or_repeated_record_is_reported_with_its_sequence_number(
    sequence: int, told: int
) -> None:
    problem = misplacement(Link(sequence, "0" * 64), FIRST_LINK)
    assert problem == f"found record {told} where 2 is expected"


def test_a_record_whose_previous_hash_differs_is_reported() -> None:
    problem = misplacement(Link(1, "1" * 64), FIRST_LINK)
    assert problem == "the record does not follow the one before it"
