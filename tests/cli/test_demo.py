import os

from tests.cli.processes import running


def test_a_reader_that_has_left_is_no_fault() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with running("demo", stdout=writing) as process:
        os.close(writing)
        _, err = process.communicate()
    assert (process.returncode, err) == (0, "")
