"""Print the measurements of every kind, one by one. Judges nothing: the exit code is always 0.

What a user gets is measured without the extra `dev`: where trio is installed, httpx2 imports it
as soon as a client is opened, which only starts on mainnet pay for.
"""

from itertools import chain

from tests.benchmarks import event_rate, gate_cost, start, throughput
from tests.benchmarks.row import HEADING

if __name__ == "__main__":
    for row in chain(
        [HEADING], start.rows(), throughput.rows(), gate_cost.rows(), event_rate.rows()
    ):
        print(row, flush=True)  # noqa: T201  # printing is its business
