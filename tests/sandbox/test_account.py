from binance_mcp.futures.sandbox.account import new_account
from binance_mcp.futures.sandbox.app import Sandbox


def test_a_new_account_has_keys_that_look_like_binances_and_are_its_own() -> None:
    sandbox = Sandbox()
    one, other = new_account(sandbox), new_account(sandbox)
    keys = [one.api_key, one.api_secret, other.api_key, other.api_secret]
    assert all(len(key) == 64 and key.isalnum() for key in keys)
    assert len(set(keys)) == 4


def test_an_account_prints_neither_key() -> None:
    assert repr(new_account(Sandbox())) == "Account()"
