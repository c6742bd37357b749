"""Keychains for the library `keyring`, which names one in PYTHON_KEYRING_BACKEND."""

import json
import os
from pathlib import Path
from threading import Event
from typing import Final

import pytest
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked

_FILE: Final = "KEYCHAIN_OF_TESTS"
_ROOT: Final = Path(__file__).parents[1]


class InFile(KeyringBackend):
    """Keeps entries in a file, so that processes share them, and says that it is safe."""

    priority = 5  # pyright: ignore[reportAssignmentType]

    def get_password(self, service: str, username: str) -> str | None:
        return entries().get(f"{username} of {service}")

    def set_password(self, service: str, username: str, password: str) -> None:
        write(service, username, password)

    def delete_password(self, service: str, username: str) -> None:
        left = {name: it for name, it in entries().items() if name != f"{username} of {service}"}
        _file().write_text(json.dumps(left), "utf-8")


class Plaintext(InFile):
    """Has the priority of backends that keep secrets in the clear."""

    priority = 0.5


class Forgetful(InFile):
    """Keeps nothing new, and everything old."""

    def set_password(self, service: str, username: str, password: str) -> None:
        pass

    def delete_password(self, service: str, username: str) -> None:
        pass


class Locked(InFile):
    """Is locked, and the user does not unlock it."""

    def get_password(self, service: str, username: str) -> str | None:  # noqa: ARG002  # as declared
        raise KeyringLocked(f"Failed to unlock {service}!\n")


class Failing(InFile):
    """Fails with an error of the system that quotes what is stored."""

    def get_password(self, service: str, username: str) -> str | None:  # noqa: ARG002  # as declared
        raise OSError(f"bad entry: {entries()}")


class Waiting(InFile):
    """Waits for a user who is not there."""

    def get_password(self, service: str, username: str) -> str | None:  # noqa: ARG002  # as declared
        Event().wait()


def entries() -> dict[str, str]:
    """Return what the keychain of this test has."""
    return json.loads(_file().read_text("utf-8")) if _file().exists() else {}


def stored() -> dict[str, dict[str, str]]:
    """Return the credentials that it has, by environment."""
    return {name.split()[0]: json.loads(text) for name, text in entries().items()}


def write(service: str, username: str, password: str) -> None:
    """Put an entry into the keychain of this test."""
    kept = {**entries(), f"{username} of {service}": password}
    _file().write_text(json.dumps(kept), "utf-8")


def use(patch: pytest.MonkeyPatch, kind: type[KeyringBackend]) -> None:
    """Have this process, and those that it starts, use a keychain."""
    patch.setenv("PYTHON_KEYRING_BACKEND", f"{__name__}.{kind.__name__}")
    patch.setenv("PYTHONPATH", str(_ROOT))
    if _FILE not in os.environ:
        patch.setenv(_FILE, str(Path("keychain.json").absolute()))


def _file() -> Path:
    return Path(os.environ[_FILE])
