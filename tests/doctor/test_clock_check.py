import pytest

from binance_mcp.doctor.clock_check import check_clock
from binance_mcp.doctor.finding import Verdict
from binance_mcp.doctor.single_requests import ServerTime


@pytest.mark.parametrize(
    ("offset", "uncertainty", "verdict"),
    [
        (0.3, 0.1, Verdict.OK),
        (-0.9, 0.0, Verdict.OK),
        (-1.2, 0.1, Verdict.WARNING),
        (1.2, 0.3, Verdict.OK),
        (60.0, 0.3, Verdict.WARNING),
    ],
)
def test_a_difference_of_a_second_that_is_certain_is_a_warning(
    offset: float, uncertainty: float, verdict: Verdict
) -> None:
    (found,) = check_clock(ServerTime(offset, uncertainty))
    assert found.verdict is verdict


@pytest.mark.parametrize(("offset", "words"), [(90.0, "90 s behind"), (-90.0, "90 s ahead of")])
def test_the_direction_is_said(offset: float, words: str) -> None:
    (found,) = check_clock(ServerTime(offset, 0.1))
    assert words in found.cause
