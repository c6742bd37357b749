"""The table of questions, states and verdicts, as it is found and as the documentation has it."""

from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Final, TypeAlias

import anyio
from trio.testing import MockClock

from tests.matrix.judgement import Verdict
from tests.matrix.questions import QUESTIONS, YESTERDAY, asked
from tests.matrix.states import STATES, recover
from tests.matrix.world import world

Column: TypeAlias = dict[str, list[Verdict]]
"""By the words of a question: the verdicts, one for each time it was asked."""

PAGE: Final = Path(__file__).parents[2] / "docs" / "questions.md"
CREDENTIALS: Final = {"an API key only": False, "an API secret, too": True}


def column(state: str, *, can_sign: bool) -> Column:
    """Ask every question in one state of the stream."""
    clock = MockClock(autojump_threshold=0)
    ask = partial(_asked, state, can_sign=can_sign)
    return anyio.run(ask, backend="trio", backend_options={"clock": clock})


async def _asked(state: str, *, can_sign: bool) -> Column:
    found: Column = {question.words: [] for question in (*QUESTIONS, YESTERDAY)}
    async with world(can_sign=can_sign) as it:
        async for _ in STATES[state](it):
            answers = await asked(it)
            for question in QUESTIONS:
                found[question.words].append(question.judge(it, answers))
        await recover(it)
        found[YESTERDAY.words].append(YESTERDAY.judge(it, await asked(it)))
    return found


def cell(verdicts: list[Verdict]) -> str:
    """Return the verdicts in the order in which they were found, each once in a row."""
    return ", then ".join(verdict for verdict, _ in groupby(verdicts))


def drawn(columns: dict[str, Column]) -> str:
    """Return the table of the states of one kind of credentials."""
    lines = ["| | " + " | ".join(columns) + " |", "| --- " * (len(columns) + 1) + "|"]
    for question in (*QUESTIONS, YESTERDAY):
        cells = [cell(found[question.words]) for found in columns.values()]
        lines.append(f"| {question.words} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def tables(page: str) -> list[str]:
    """Return the tables of a page, in the order of the credentials."""
    found = [page.partition(f"## With {words}\n\n")[2] for words in CREDENTIALS]
    return [text.partition("\n\n")[0] for text in found]


def written(page: str, state: str, *, can_sign: bool) -> dict[str, str]:
    """Return the column of a state as a page has it: the cells by the words of the question."""
    head, _, *rows = tables(page)[list(CREDENTIALS.values()).index(can_sign)].splitlines()
    place = _cells(head).index(state)
    return {cells[0]: cells[place] for cells in map(_cells, rows)}


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]
