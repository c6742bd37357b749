from dataclasses import replace

from binance_mcp.futures.user_stream.gap import Gap, GapReason, Repair


def test_a_gap_does_not_end_before_it_began() -> None:
    gap = Gap(1, 0, 100.0, None, GapReason.DEAF)
    assert gap.ended(99.0).until == 100.0
    assert gap.ended(101.0).until == 101.0


def test_a_gap_is_widened_to_an_earlier_beginning_only() -> None:
    gap = Gap(1, 0, 100.0, None, GapReason.DEAF)
    assert [gap.widened(since).since for since in (50.0, 150.0, None)] == [50.0, 100.0, None]
    assert Gap(1, 0, None, None, GapReason.START).widened(50.0).since is None


def test_two_gaps_are_joined_from_the_first_beginning_to_the_last_end() -> None:
    first = Gap(1, 0, None, 5.0, GapReason.START)
    later = Gap(2, 3, 7.0, 9.0, GapReason.DEAF)
    assert first.joined(later) == Gap(2, 0, None, 9.0, GapReason.DEAF)


def test_binance_can_be_asked_once_about_a_gap_of_which_both_ends_are_known() -> None:
    gap = Gap(1, 0, 100.0, 200.0, GapReason.DEAF)
    assert gap.is_repairable
    assert not replace(gap, since=None).is_repairable
    assert not replace(gap, until=None).is_repairable
    assert not replace(gap, repair=Repair(300.0)).is_repairable
    assert not replace(gap, repair=Repair(300.0, problem="refused")).is_repairable


def test_a_gap_keeps_its_repair_when_it_is_widened() -> None:
    gap = Gap(1, 0, 100.0, None, GapReason.DEAF, Repair(300.0, 2, 1))
    assert gap.widened(50.0) == replace(gap, since=50.0)


def test_two_gaps_are_joined_with_all_that_was_found_of_both() -> None:
    first = Gap(1, 0, 1.0, 5.0, GapReason.START, Repair(6.0, 2, 3, "too old"))
    later = Gap(2, 3, 7.0, 9.0, GapReason.DEAF, Repair(10.0, 20, 30, "refused"))
    joined = Repair(10.0, 22, 33, "too old; refused")
    assert first.joined(later) == Gap(2, 0, 1.0, 9.0, GapReason.DEAF, joined)


def test_two_gaps_are_not_repaired_before_both_are() -> None:
    first = Gap(1, 0, 1.0, 5.0, GapReason.START, Repair(6.0))
    later = Gap(2, 3, 7.0, 9.0, GapReason.DEAF)
    assert first.joined(later).repair is None
    assert replace(first, repair=None).joined(replace(later, repair=Repair(10.0))).repair is None


def test_a_problem_of_two_repairs_is_told_once() -> None:
    problem, none = Repair(1.0, problem="refused"), Repair(2.0)
    assert problem.joined(problem).problem == "refused"
    assert [each.problem for each in (problem.joined(none), none.joined(problem))] == [
        "refused"
    ] * 2
    assert none.joined(none).problem is None
