"""Print what becomes of a user data stream when everything happens to it.

`python -m tests.simulation.events [--seed N] [--events N | --storm DAYS]` draws it all from the
seed.
The exit code is 1 if the stream broke a promise.
"""

import logging
import sys
from argparse import ArgumentDefaultsHelpFormatter, ArgumentParser

from tests.simulation.events.course import sail
from tests.simulation.events.storm import sail_through_a_storm
from tests.simulation.events.verdict import broken_promises, figures


def main() -> int:
    parser = ArgumentParser(
        "python -m tests.simulation.events", formatter_class=ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=1, help="what it is drawn from")
    parser.add_argument("--events", type=int, default=100_000, help="how many there are")
    parser.add_argument("--storm", type=float, metavar="DAYS", help="days in a storm, instead")
    arguments = parser.parse_args()
    logging.disable()
    if arguments.storm:
        outcome = sail_through_a_storm(arguments.seed, arguments.storm)
    else:
        outcome = sail(arguments.seed, arguments.events)
    broken = broken_promises(outcome)
    for line in [f"seed {arguments.seed}", *figures(outcome), *broken]:
        print(line)  # noqa: T201  # printing is its business
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
