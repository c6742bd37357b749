from binance_mcp.connection import CONNECTION, Connection, connection_of


def test_the_connection_of_a_request_is_in_the_state_of_its_scope() -> None:
    connection = Connection()
    assert connection_of({"state": {CONNECTION: connection}}) is connection


def test_a_server_that_does_not_say_has_none() -> None:
    assert connection_of({}) is None
    assert connection_of({"state": {}}) is None
