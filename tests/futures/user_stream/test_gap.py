from binance_mcp.futures.user_stream.gap import Gap, GapReason


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
