import os
import stat
from io import FileIO
from pathlib import Path

import pytest

from binance_mcp.files import read_file, regular_file

posix = pytest.mark.skipif(os.name != "posix", reason="needs FIFOs, devices and modes")


def test_a_file_is_read_up_to_its_end_or_the_maximum(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"123456")
    assert [read_file(path, most)[0] for most in (0, 3, 6, 7)] == [
        b"",
        b"123",
        b"123456",
        b"123456",
    ]


@posix
def test_a_new_file_has_permissions_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with FileIO(path, "a", opener=regular_file):
        pass
    assert stat.S_IMODE(read_file(path, 0)[1]) == 0o600


@posix
@pytest.mark.parametrize("mode", ["r", "a", "a+"])
def test_a_fifo_is_refused_without_blocking(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "fifo"
    os.mkfifo(path)
    with pytest.raises(OSError, match="it is not a regular file"):
        FileIO(path, mode, opener=regular_file)


@posix
@pytest.mark.parametrize("path", [Path("/dev/null"), Path("/")])
def test_a_file_that_is_not_regular_is_refused(path: Path) -> None:
    with pytest.raises(OSError, match="it is not a regular file"):
        read_file(path, 1)
