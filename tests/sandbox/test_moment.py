from binance_mcp.sandbox.moment import Moment


def test_server_time_is_written_in_whole_milliseconds() -> None:
    assert Moment(steady=5, wall=1591702613.9437).milliseconds == 1591702613943
