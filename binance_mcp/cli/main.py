"""The program: runs a command, and ends with its exit code, without a traceback.

A host starts the program once per conversation and waits for it, so what a command needs is
imported by that command.
"""

import sys

from binance_mcp.cli.command import Command
from binance_mcp.cli.output import complain, flush
from binance_mcp.cli.stdio import Stdio
from binance_mcp.errors import BinanceMcpError

_UNUSABLE = 2
_INTERRUPTED = 130


def main() -> int:
    """Run the command that the arguments name, and return the exit code."""
    try:
        return _command(sys.argv[1:]).run()
    except BinanceMcpError as error:
        for line in str(error).splitlines():
            complain(f"binance-mcp: {line}")
        return _UNUSABLE
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BaseExceptionGroup as group:
        if group.split(SystemExit)[1]:
            raise
        return _UNUSABLE  # a task could not print, and has said why
    finally:
        flush()


def _command(arguments: list[str]) -> Command:
    if not arguments:  # how hosts start it: no parser is needed
        return Stdio()
    from binance_mcp.cli.arguments import parse

    return parse(arguments)
