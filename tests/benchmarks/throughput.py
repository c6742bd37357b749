"""Tool calls per second, one after the other, through to the sandbox in a process of its own.

Requests to the sandbox carry the API key and no signature, on both sides. Ours counts the calls
under the shipped policy, its maxima raised.
"""

import json
import socket
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from functools import partial
from importlib import resources
from itertools import product
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any, Final

import httpx2 as httpx

from tests.benchmarks.processes import OURS, running
from tests.benchmarks.row import Row, verdict
from tests.benchmarks.wire import HANDSHAKE, MODERN, Wire, over_http, over_stdio

_ROUNDS: Final = 100
_CALLS: Final = 5
_GOAL: Final = 0.9


def rows() -> Iterator[Row]:
    """Take turns in short rounds while both servers run; the median of the rounds counts."""
    with _environment() as environment:
        for (name, serve), revision in product(_TRANSPORTS.items(), (HANDSHAKE, MODERN)):
            with (
                serve(revision, *OURS, **environment) as our_wire,
                serve(revision, "keepalive_server.py", **environment) as bare_wire,
            ):
                ours, bare = _rates(
                    _call(our_wire, "BinanceFuturesKeepAliveListenKey"),
                    _call(bare_wire, "keepalive"),
                )
            yield Row(
                f"calls per second, {name}, {revision}, median of {_ROUNDS}",
                f"{ours:.0f} /s",
                f"{bare:.0f} /s",
                f"{ours / bare:.2f}",
                f"at least {_GOAL}",
                verdict(is_met=ours >= _GOAL * bare),
            )


@contextmanager
def _environment() -> Generator[dict[str, str]]:
    """Serve the sandbox, with an active listen key; yield the settings that lead there."""
    with TemporaryDirectory() as directory, running("exchange_server.py") as process:
        assert process.stdout
        environment = json.loads(process.stdout.readline())
        httpx.post(
            f"{environment['BINANCE_REST_URL']}/fapi/v1/listenKey",
            headers={"X-MBX-APIKEY": environment["BINANCE_API_KEY"]},
            trust_env=False,
        ).raise_for_status()
        policy = Path(directory, "policy.json")
        shipped = resources.files("binance_mcp.policy").joinpath("default.json").read_bytes()
        policy.write_text(json.dumps(json.loads(shipped, object_hook=_with_a_high_maximum)))
        yield environment | {"BINANCE_MCP_POLICY": str(policy)}


def _with_a_high_maximum(part: dict[str, Any]) -> dict[str, Any]:
    return part | {"max": 1_000_000_000} if "max" in part else part


@contextmanager
def _stdio(revision: str, *server: str, **environment: str) -> Generator[Wire]:
    with running(*server, **environment) as process:
        yield Wire(revision, over_stdio(process))


@contextmanager
def _http(revision: str, *server: str, **environment: str) -> Generator[Wire]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    arguments = ("http", "--port", port) if server == OURS else (port,)
    with (
        running(*server, *arguments, **environment),
        httpx.Client(
            base_url=f"http://127.0.0.1:{port}",
            transport=httpx.HTTPTransport(retries=6),  # until the server listens
            trust_env=False,
        ) as http,
    ):
        yield Wire(revision, over_http(http))


_TRANSPORTS: Final = {"stdio": _stdio, "HTTP": _http}


def _call(wire: Wire, tool: str) -> Callable[[], None]:
    return partial(wire.request, "tools/call", {"name": tool, "arguments": {}})


def _rates(*sides: Callable[[], None]) -> list[float]:
    rounds = [[_rate(call) for call in sides] for _ in range(10 + _ROUNDS)]
    return [median(rates) for rates in zip(*rounds[10:], strict=True)]  # the first ones warm up


def _rate(call: Callable[[], None]) -> float:
    started = perf_counter()
    for _ in range(_CALLS):
        call()
    return _CALLS / (perf_counter() - started)
