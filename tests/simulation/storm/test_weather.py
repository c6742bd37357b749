from tests.simulation.storm.weather import DAY, HOUR, LASTING, PASSING, storm


def test_the_seed_determines_the_storm() -> None:
    assert storm(1, days=3) == storm(1, days=3) != storm(2, days=3)


def test_a_month_of_storm_has_every_kind_of_failure() -> None:
    weather = storm(1, days=30)

    assert {strike.fault for strike in weather.strikes} == {*PASSING, *LASTING}
    assert 20 * 60 < max(outage.span.seconds for outage in weather.outages) <= 25 * 60
    assert {nap.seconds for nap in weather.naps} >= {12 * HOUR}
    assert {deed.methods for deed in weather.deeds} == {("DELETE",), ("DELETE", "POST"), ("POST",)}


def test_a_storm_begins_and_ends_without_failures() -> None:
    weather = storm(1, days=30)
    starts = [
        *(outage.span.start for outage in weather.outages),
        *(strike.at for strike in weather.strikes),
        *(deed.at for deed in weather.deeds),
        *(nap.start for nap in weather.naps),
    ]
    ends = [*(outage.span.end for outage in weather.outages), *(nap.end for nap in weather.naps)]

    assert min(starts) >= HOUR
    assert max(starts + ends) <= 30 * DAY - 3 * HOUR
