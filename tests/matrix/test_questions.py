import pytest

from tests.matrix.judgement import Verdict
from tests.matrix.states import STATES
from tests.matrix.table import CREDENTIALS, PAGE, cell, column, written


@pytest.mark.parametrize("can_sign", CREDENTIALS.values(), ids=list(CREDENTIALS))
@pytest.mark.parametrize("state", STATES)
def test_no_answer_is_wrong_and_each_is_worth_what_the_documentation_says(
    state: str, *, can_sign: bool
) -> None:
    found = column(state, can_sign=can_sign)
    assert [words for words, verdicts in found.items() if Verdict.WRONG in verdicts] == []
    told = {words: cell(verdicts) for words, verdicts in found.items()}
    assert told == written(PAGE.read_text("utf-8"), state, can_sign=can_sign), (
        "write the tables anew: python -m tests.matrix"
    )


def test_there_are_ten_questions_in_twelve_states() -> None:
    page = PAGE.read_text("utf-8")
    columns = [written(page, s, can_sign=can) for can in CREDENTIALS.values() for s in STATES]
    assert [len(each) for each in columns] == [10] * 12
