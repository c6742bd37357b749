"""Print what becomes of a listen key in a storm.

`python -m tests.simulation.storm [--seed N] [--days N]` draws the storm from the seed.
The exit code is 1 if the keeper broke a promise.
"""

import logging
import sys
from argparse import ArgumentDefaultsHelpFormatter, ArgumentParser

from binance_mcp.futures.schedule import Schedule
from tests.simulation.storm.verdict import broken_promises, figures
from tests.simulation.storm.voyage import sail
from tests.simulation.storm.weather import storm


def main() -> int:
    parser = ArgumentParser(
        "python -m tests.simulation.storm", formatter_class=ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=1, help="what the storm is drawn from")
    parser.add_argument("--days", type=float, default=30.0, help="how long it is")
    arguments = parser.parse_args()
    logging.disable()
    voyage = sail(storm(arguments.seed, arguments.days), seed=arguments.seed)
    broken = broken_promises(voyage, Schedule())
    for line in [f"seed {arguments.seed}, {arguments.days:g} days", *figures(voyage), *broken]:
        print(line)  # noqa: T201  # printing is its business
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
