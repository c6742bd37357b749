"""An account that is traded, whose streams are harmed, and whose server is killed, over sockets.

`python -m tests.simulation.trading [--seconds N] [--seed N]`
The exit code is 1 if a change of an order was not told exactly once, and lies in no gap that says
why.
"""

import sys
from argparse import ArgumentDefaultsHelpFormatter, ArgumentParser
from pathlib import Path
from tempfile import TemporaryDirectory

import anyio

from tests.simulation.stream.machines import exchange
from tests.simulation.trading.run import Plan, run


def main() -> int:
    parser = ArgumentParser(
        "python -m tests.simulation.trading", formatter_class=ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=600, help="how long it is traded")
    parser.add_argument("--seed", type=int, default=1, help="what is random is drawn from it")
    arguments = parser.parse_args()
    plan = Plan(arguments.seconds, seed=arguments.seed)
    with exchange(answer_seconds=0.05) as at, TemporaryDirectory() as directory:
        outcome = anyio.run(run, plan, at, Path(directory))
    for name, done in outcome.done.items():
        print(f"{name}: {dict(done)}")  # noqa: T201
    print(outcome.figures)  # noqa: T201
    found = list(outcome.violations())
    for violation in found:
        print(f"WRONG: {violation}")  # noqa: T201
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
