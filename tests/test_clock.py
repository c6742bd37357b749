from datetime import UTC, datetime

from binance_mcp.clock import wall_clock


def test_the_wall_clock_tells_the_seconds_since_the_unix_epoch() -> None:
    before = datetime.now(UTC)
    now = datetime.fromtimestamp(wall_clock(), UTC)
    assert before <= now <= datetime.now(UTC)
