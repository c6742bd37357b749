import errno
import os
import shlex
from pathlib import Path
from typing import Final

import pytest
from pydantic import SecretStr

from binance_mcp.errors import SettingsError
from binance_mcp.futures.credentials import Credentials, load_credentials
from binance_mcp.futures.signing import hmac_signer, private_key_signer
from binance_mcp.settings_sources import load_settings

pytestmark = pytest.mark.usefixtures("empty_directory")

SECRET: Final = "2b5eb11e18796d12d88f13dc27dbbd02c2cc51ff7059765ed9821957d82bb4d9"
BODY: Final = "MC4CAQAwBQYDK2VwBCIEIIJEYWtGBrhACmb9Dvy+qa8WEf0lQOl1s4CLIAB9m89u"
PEM: Final = f"-----BEGIN PRIVATE KEY-----\n{BODY}\n-----END PRIVATE KEY-----\n"
PASSPHRASE: Final = "correct horse"
ENCRYPTED_BODY: Final = """\
MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAj4MqhHkGyLrwICCAAw
DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEEb/De+i0lGbvv0p2TF0lTkEQK2j
LT1Cwd8svGPT7PLewCM9OhUkph6m0b3PUutSuTj3toyKrH+Xz0G9QADuPBYCxzn0
s79ijuOWuRNRREBakto=
"""
ENCRYPTED_PEM: Final = (
    f"-----BEGIN ENCRYPTED PRIVATE KEY-----\n{ENCRYPTED_BODY}-----END ENCRYPTED PRIVATE KEY-----\n"
)
SIGNATURE: Final = private_key_signer(PEM)("a")


def signature(**values: object) -> str:
    signer = load_credentials(load_settings(**values)).signer
    assert signer is not None
    return signer("a")


def refusal(**values: object) -> str:
    with pytest.raises(SettingsError) as refused:
        load_credentials(load_settings(**values))
    return str(refused.value)


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "my key.pem"
    path.touch(0o600)
    path.write_text(PEM, "utf-8")
    return path


def test_credentials_are_optional() -> None:
    assert load_credentials(load_settings()) == Credentials(None, None, 5.0)


def test_an_api_key_alone_gives_no_signer() -> None:
    credentials = load_credentials(load_settings(api_key="key", recv_window=2500))

    assert credentials == Credentials(SecretStr("key"), None, 2.5)


def test_a_passphrase_without_a_private_key_is_ignored() -> None:
    assert load_credentials(load_settings(private_key_passphrase=PASSPHRASE)).signer is None


def test_an_api_secret_gives_an_hmac_signer() -> None:
    assert signature(api_secret=SECRET) == hmac_signer(SECRET)("a")


@pytest.mark.parametrize("pem", [PEM, PEM.replace("\n", "\\n")], ids=["lines", "one-line"])
def test_a_private_key_in_a_variable_gives_a_signer(pem: str) -> None:
    assert signature(private_key=pem) == SIGNATURE


def test_a_private_key_in_a_file_gives_a_signer(key_file: Path) -> None:
    assert signature(private_key_file=key_file) == SIGNATURE


def test_the_private_key_file_may_begin_with_a_tilde(
    key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(key_file.parent))
    monkeypatch.setenv("USERPROFILE", str(key_file.parent))

    assert signature(private_key_file="~/my key.pem") == SIGNATURE


def test_an_encrypted_private_key_signs_with_its_passphrase(key_file: Path) -> None:
    key_file.write_text(ENCRYPTED_PEM, "utf-8")

    assert signature(private_key=ENCRYPTED_PEM, private_key_passphrase=PASSPHRASE) == SIGNATURE
    assert signature(private_key_file=key_file, private_key_passphrase=PASSPHRASE) == SIGNATURE


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"private_key": ENCRYPTED_PEM}, "the private key needs its passphrase"),
        (
            {"private_key": PEM, "private_key_passphrase": PASSPHRASE},
            "the private key has no passphrase, but one is given",
        ),
        (
            {"private_key": ENCRYPTED_PEM, "private_key_passphrase": "wrong horse"},
            "not a private key in PEM (-----BEGIN PRIVATE KEY-----), or its passphrase is wrong",
        ),
        (
            {"private_key": SECRET},
            "not a private key in PEM (-----BEGIN PRIVATE KEY-----), or its passphrase is wrong",
        ),
    ],
)
def test_an_unusable_private_key_is_refused_with_the_name_of_its_variable(
    values: dict[str, str], reason: str, key_file: Path
) -> None:
    assert refusal(**values) == f"BINANCE_PRIVATE_KEY: {reason}"

    key_file.write_text(values.pop("private_key"), "utf-8")
    assert refusal(private_key_file=key_file, **values) == f"BINANCE_PRIVATE_KEY_FILE: {reason}"


def test_a_private_key_file_that_is_not_text_is_refused(key_file: Path) -> None:
    key_file.write_bytes(b"\xff\x00\xfe")

    assert refusal(private_key_file=key_file).startswith(
        "BINANCE_PRIVATE_KEY_FILE: not a private key in PEM"
    )


@pytest.mark.skipif(os.name != "posix", reason="only POSIX has these permissions")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601, 0o777])
def test_a_private_key_file_that_other_users_may_read_is_refused_with_a_chmod_command(
    mode: int, key_file: Path
) -> None:
    key_file.chmod(mode)

    assert refusal(private_key_file=key_file) == (
        "BINANCE_PRIVATE_KEY_FILE: other users may read it; "
        f"run: chmod 600 {shlex.quote(str(key_file))}"
    )


def test_a_missing_private_key_file_is_refused(tmp_path: Path) -> None:
    reason = os.strerror(errno.ENOENT)

    assert refusal(private_key_file=tmp_path / "none.pem") == (
        f"BINANCE_PRIVATE_KEY_FILE: cannot be read: {reason}"
    )


@pytest.mark.skipif(
    os.name != "posix", reason="Windows words the refusal of a directory differently"
)
def test_a_directory_is_refused_as_private_key_file(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    assert refusal(private_key_file=tmp_path) == (
        "BINANCE_PRIVATE_KEY_FILE: cannot be read: it is not a regular file"
    )


@pytest.mark.parametrize("path", ["~nobody-of-this-name/key.pem", "key\0.pem"])
def test_an_impossible_path_is_refused_as_private_key_file(path: str) -> None:
    assert refusal(private_key_file=path) == ("BINANCE_PRIVATE_KEY_FILE: is not the path of a file")


def test_a_private_key_given_in_place_of_its_path_is_not_repeated() -> None:
    text = refusal(private_key_file=PEM)

    assert text.startswith("BINANCE_PRIVATE_KEY_FILE: cannot be read: ")
    assert BODY[:8] not in text


@pytest.mark.parametrize("values", [{"api_secret": SECRET}, {"private_key": PEM}])
def test_the_repr_of_credentials_has_no_secrets(values: dict[str, str]) -> None:
    text = repr(load_credentials(load_settings(api_key="0123456789abcdef", **values)))

    assert "0123456789abcdef" not in text
    assert SECRET not in text
    assert BODY not in text
