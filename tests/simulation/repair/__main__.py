"""Print how a journal is repaired while everything happens to its stream, and to reads.

`python -m tests.simulation.repair [--seed N] [--days N]` draws it all from the seed.
The exit code is 1 if a promise was broken.
"""

import logging
import sys
import time
from argparse import ArgumentDefaultsHelpFormatter, ArgumentParser

from tests.simulation.repair.course import run
from tests.simulation.repair.verdict import Verdict


def main() -> int:
    parser = ArgumentParser(
        "python -m tests.simulation.repair", formatter_class=ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=1, help="what it is drawn from")
    parser.add_argument("--days", type=float, default=365.0, help="how long it is")
    arguments = parser.parse_args()
    logging.disable()
    began_at = time.monotonic()
    verdict = Verdict(run(arguments.seed, arguments.days))
    broken = verdict.broken_promises()
    seconds = time.monotonic() - began_at
    for line in [f"seed {arguments.seed}", *verdict.figures(), f"took {seconds:.0f} s", *broken]:
        print(line)  # noqa: T201  # printing is its business
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
