"""What an account trades: its orders, fills, positions, balance and income, by REST and as events.

Nothing is matched, and no margin is checked: whoever controls the sandbox says what happens. All of
it is pure, except that `ledger` publishes the events.
"""
