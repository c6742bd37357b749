"""Nothing in this package can place, change or cancel an order, or move money."""

import ast
import inspect
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest

from binance_mcp import futures
from binance_mcp.futures.account_reads import AccountReads
from binance_mcp.futures.binance_error import UnexpectedAnswerError
from binance_mcp.futures.rest_api import RestApi
from binance_mcp.sandbox.app import Sandbox

PACKAGE: Final = Path(str(futures.__file__)).parent.parent
SENDER: Final = PACKAGE / "futures" / "rest_api.py"
DOCTOR: Final = PACKAGE / "doctor" / "single_requests.py"
LISTEN_KEY: Final = "/fapi/v1/listenKey"
READ_PATHS: Final = {
    "/fapi/v1/algoOrder",
    "/fapi/v1/allAlgoOrders",
    "/fapi/v1/allOrders",
    "/fapi/v1/income",
    "/fapi/v1/openAlgoOrders",
    "/fapi/v1/openOrders",
    "/fapi/v1/order",
    "/fapi/v1/time",
    "/fapi/v1/userTrades",
    "/fapi/v3/account",
    "/fapi/v3/balance",
    "/fapi/v3/positionRisk",
}
DOCTORS_PATH: Final = "/sapi/v1/account/apiRestrictions"
"""What an API key is permitted to do; the doctor reads it."""
TREES: Final = {
    file: ast.parse(file.read_text("utf-8"))
    for file in PACKAGE.rglob("*.py")
    if not file.is_relative_to(PACKAGE / "sandbox")
}
READS: Final[Mapping[str, Callable[[AccountReads], Awaitable[object]]]] = {
    "open_orders": lambda reads: reads.open_orders(),
    "open_stops": lambda reads: reads.open_stops(),
    "orders": lambda reads: reads.orders(0, 1),
    "order": lambda reads: reads.order("A", "1"),
    "stops": lambda reads: reads.stops(0, 1, "A"),
    "stop": lambda reads: reads.stop("1"),
    "trades": lambda reads: reads.trades(0, 1, "A"),
    "income": lambda reads: reads.income(0, 1),
    "account": lambda reads: reads.account(),
    "positions": lambda reads: reads.positions(),
    "balances": lambda reads: reads.balances(),
}


def paths() -> Iterator[str]:
    """Give every path of Binance's REST API that is in a string, and not in a sentence."""
    for tree in TREES.values():
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield from re.findall(r"(?<![\w.])/[a-z]?api/[\w/]*", node.value)


def calls(name: str, module: Path = SENDER) -> Iterator[ast.Call]:
    """Give every call of a function or method of a name in a module that sends."""
    for node in ast.walk(TREES[module]):
        if isinstance(node, ast.Call) and name in (
            getattr(node.func, "id", None),
            getattr(node.func, "attr", None),
        ):
            yield node


def members(kind: type) -> set[str]:
    """Return the names of what can be called of a class from outside, and waited for."""
    found = inspect.getmembers(kind, inspect.iscoroutinefunction)
    return {name for name, _ in found if not name.startswith("_")}


def test_every_path_that_is_known_is_read_or_is_that_of_the_listen_key() -> None:
    assert set(paths()) == READ_PATHS | {LISTEN_KEY, DOCTORS_PATH}


def test_the_doctor_reads_and_extends_the_listen_key_and_sends_nothing_else() -> None:
    sent = sorted(ast.unparse(call) for call in calls("_send", DOCTOR))
    assert sent == [
        "self._send('GET', _TIME, {})",
        "self._send('GET', self._target(path), self._headers)",
        "self._send('PUT', self._target(_LISTEN_KEY), self._headers)",
    ]
    assert len(list(calls("send", DOCTOR))) == 1


def test_one_module_sends_requests_and_all_but_those_about_the_listen_key_are_gets() -> None:
    users = {
        file
        for file, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "binance_mcp.futures.transport"
    }
    assert users == {SENDER, DOCTOR}
    made = sorted(ast.unparse(call) for call in calls("_Call"))
    assert made == [
        "_Call('GET', _TIME)",
        "_Call('GET', path, parameters, is_read=True)",
        "_Call(method, recv_window=recv_window)",  # its path is that of the listen key
    ]
    asked = sorted(ast.unparse(call.args[0]) for call in calls("_ask"))
    assert asked == ["'DELETE'", "'POST'", "'PUT'"]


@pytest.mark.anyio
async def test_every_read_is_a_get(reads: AccountReads, sandbox: Sandbox) -> None:
    assert READS.keys() == members(AccountReads)
    for name, read in READS.items():
        if name in ("order", "stop"):
            with pytest.raises(UnexpectedAnswerError):
                await read(reads)
        else:
            await read(reads)

    assert {each.method for each in sandbox.requests} == {"GET"}
    assert {each.path for each in sandbox.requests} == READ_PATHS


@pytest.mark.anyio
async def test_every_other_request_is_about_the_listen_key(
    signed_api: RestApi, sandbox: Sandbox
) -> None:
    written = {"create_listen_key", "keepalive_listen_key", "close_listen_key"}
    assert members(RestApi) == written | {"read", "read_rows"}
    await signed_api.create_listen_key()
    await signed_api.keepalive_listen_key()
    await signed_api.close_listen_key()

    assert [(each.method, each.path) for each in sandbox.requests] == [
        ("POST", LISTEN_KEY),
        ("PUT", LISTEN_KEY),
        ("DELETE", LISTEN_KEY),
    ]
