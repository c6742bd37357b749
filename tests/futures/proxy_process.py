"""A real proxy in a process of its own: pproxy, to which `fapi.test` is this machine.

Further arguments, `host=port`, name hosts that are a port of this machine, whatever port is asked
for. It speaks HTTP CONNECT and SOCKS5 on one port, and prints what it connects to.
"""

import asyncio  # noqa: TID251  # what pproxy runs on
import socket
import sys
from typing import Any

from pproxy.server import main  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]

_getaddrinfo = socket.getaddrinfo


_ports = dict(each.split("=") for each in sys.argv[2:])


def _resolve(host: object, port: object, *arguments: Any, **named: Any) -> object:  # noqa: ANN401
    if host == "fapi.test" or host in _ports:
        host, port = "127.0.0.1", _ports.get(str(host), port)
    return _getaddrinfo(host, port, *arguments, **named)  # pyright: ignore[reportArgumentType, reportUnknownVariableType]


if __name__ == "__main__":
    socket.getaddrinfo = _resolve  # pyright: ignore[reportAttributeAccessIssue]
    asyncio.set_event_loop(asyncio.new_event_loop())  # which Python 3.14 does not by itself
    main(["-v", "-l", sys.argv[1]])
