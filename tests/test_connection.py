from binance_mcp.connection import CONNECTION, Connection, connection_of


def test_the_connection_of_a_request_is_found_in_its_asgi_scope() -> None:
    connection = Connection()
    assert connection_of({"state": {CONNECTION: connection}}) is connection


def test_a_scope_without_connection_state_has_no_connection() -> None:
    assert connection_of({}) is None
    assert connection_of({"state": {}}) is None
