"""A real proxy in a process of its own: pproxy, to which `fapi.test` is this machine.

It speaks HTTP CONNECT and SOCKS5 on one port, and prints what it connects to.
"""

import asyncio  # noqa: TID251  # what pproxy runs on
import socket
import sys
from typing import Any

from pproxy.server import main  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]

_getaddrinfo = socket.getaddrinfo


def _resolve(host: object, *arguments: Any, **named: Any) -> object:  # noqa: ANN401
    return _getaddrinfo("127.0.0.1" if host == "fapi.test" else host, *arguments, **named)  # pyright: ignore[reportArgumentType, reportUnknownVariableType]


if __name__ == "__main__":
    socket.getaddrinfo = _resolve  # pyright: ignore[reportAttributeAccessIssue]
    asyncio.set_event_loop(asyncio.new_event_loop())  # which Python 3.14 does not by itself
    main(["-v", "-l", sys.argv[1]])
