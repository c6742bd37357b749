from binance_mcp.doctor.finding import Certainty, ok, problem, unknown, warning, worst_first


def test_the_worst_findings_come_first_and_those_of_one_verdict_stay_in_order() -> None:
    good, unsure = ok("a", "in order"), unknown("b", "not asked")
    odd, bad = warning("c", "odd", "Look."), problem("d", "broken", "Mend it.", Certainty.LIKELY)
    worse = problem("a", "worse", "Mend it, too.")
    assert worst_first([good, unsure, odd, bad, worse]) == [bad, worse, odd, unsure, good]


def test_a_finding_is_certain_unless_it_says_otherwise() -> None:
    assert problem("a", "broken", "Mend it.").certainty is Certainty.CERTAIN
