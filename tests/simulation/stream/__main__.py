"""Compare what agents read with what an exchange sent, over real sockets that are dropped.

`python -m tests.simulation.stream [--events N] [--seed N] [--http READERS] [--file PATH]`
The exit code is 1 if an agent was not told the truth.
"""

import sys
from argparse import ArgumentDefaultsHelpFormatter, ArgumentParser
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import anyio

from binance_mcp.clock import wall_clock
from tests.simulation.stream.comparison import figures, violations
from tests.simulation.stream.machines import exchange, http_server, settings, stdio_server
from tests.simulation.stream.run import Plan, run


def main() -> int:
    parser = ArgumentParser(
        "python -m tests.simulation.stream", formatter_class=ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--events", type=int, default=20_000, help="how many are pushed")
    parser.add_argument("--rate", type=int, default=400, help="how many in a second")
    parser.add_argument("--seed", type=int, default=1, help="what the troubles are drawn from")
    parser.add_argument("--http", type=int, default=0, help="readers over HTTP instead of stdio")
    parser.add_argument("--file", default="", help="the file of the events")
    arguments = parser.parse_args()
    plan = Plan(
        arguments.events,
        per_second=arguments.rate,
        readers=arguments.http or 1,
        seed=arguments.seed,
    )
    begun = wall_clock()
    with exchange() as at, TemporaryDirectory() as directory:
        variables = settings(at, Path(directory)) | (
            {"BINANCE_MCP_EVENTS_FILE": arguments.file} if arguments.file else {}
        )
        if arguments.http:
            with http_server(variables, sys.stderr) as url:
                outcome = anyio.run(run, plan, url, at)
        else:
            outcome = anyio.run(run, plan, stdio_server(variables), at)
    print(f"{wall_clock() - begun:.0f} s; troubles: {dict(Counter(outcome.troubles))}")  # noqa: T201
    is_wrong = False
    for told in outcome.told:
        print(figures(told, outcome.truth))  # noqa: T201
        for violation in violations(told, outcome.truth, outcome.since):
            is_wrong = True
            print(f"WRONG: {violation}")  # noqa: T201
    return 1 if is_wrong else 0


if __name__ == "__main__":
    sys.exit(main())
