"""`python -m tests.matrix`: ask every question in every state, and write the tables anew."""

import logging

from tests.matrix.table import CREDENTIALS, PAGE, STATES, column, drawn, tables

if __name__ == "__main__":
    logging.disable()
    page = PAGE.read_text("utf-8")
    for (words, can_sign), old in zip(CREDENTIALS.items(), tables(page), strict=True):
        found = {state: column(state, can_sign=can_sign) for state in STATES}
        heading = f"## With {words}\n\n"
        page = page.replace(heading + old, heading + drawn(found))
    PAGE.write_text(page, "utf-8")
