from collections import Counter
from collections.abc import Sequence
from random import Random

from binance_mcp.sandbox.trading.trading_day import trading_day
from tests.sandbox.trading.exchange_of_alice import DAY, START, AliceExchange


def lived(seed: int, steps: int = 500) -> AliceExchange:
    exchange = AliceExchange()
    rng = Random(seed)  # noqa: S311  # nothing secret
    for seconds in trading_day(rng, exchange.ledger, ("A", "B"), steps=steps):
        exchange.time += round(seconds * 1000)
    return exchange


def funding_times(exchange: AliceExchange) -> Sequence[int]:
    incomes = exchange.ledger.book.incomes
    return sorted({each.time for each in incomes if each.type == "FUNDING_FEE"})


def test_the_same_seed_lives_the_same_day() -> None:
    assert lived(1).events == lived(1).events
    assert lived(1).events != lived(2).events


def test_a_day_has_everything_that_happens_to_an_account() -> None:
    exchange = lived(1)

    happened = Counter(
        (each["e"], each["o"]["X"] if "o" in each else each.get("a", {}).get("m"))
        for each in exchange.events
    )
    assert sorted(happened, key=str) == [
        ("ACCOUNT_UPDATE", "FUNDING_FEE"),
        ("ACCOUNT_UPDATE", "ORDER"),
        *(
            ("ALGO_UPDATE", status)
            for status in ("CANCELED", "FINISHED", "NEW", "TRIGGERED", "TRIGGERING")
        ),
        *(
            ("ORDER_TRADE_UPDATE", status)
            for status in ("CANCELED", "EXPIRED", "FILLED", "NEW", "PARTIALLY_FILLED")
        ),
        ("TRADE_LITE", None),
    ]
    assert START + 0.9 * DAY < exchange.time < START + DAY


def test_funding_comes_whenever_eight_hours_of_server_time_are_over() -> None:
    eight_hours = DAY // 3
    first = START + eight_hours - START % eight_hours

    times = funding_times(lived(1))

    assert len(times) == 3
    assert all(abs(at - first - n * eight_hours) < 500 for n, at in enumerate(times))


def test_a_day_without_steps_has_no_funding_to_pay() -> None:
    assert lived(1, steps=0).events == []
