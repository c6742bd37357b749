"""The entry point: runs a command and returns its exit code, without a traceback.

A host starts the program for each conversation and waits for it, so each command imports what it
needs when it runs.
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
        return _UNUSABLE  # a task could not print, and has printed the reason
    finally:
        flush()


def _command(arguments: list[str]) -> Command:
    if not arguments:  # how hosts start it, without the cost of a parser
        return Stdio()
    from binance_mcp.cli.arguments import parse

    return parse(arguments)
