"""Credentials in the system's keychain, through the library `keyring`.

Keychain on macOS, the Credential Manager on Windows, a Secret Service (GNOME, KDE, KeePassXC) on
Linux. Each environment has one entry with all of its credentials, so that they are replaced
together. The library is imported when it is needed, which is never if they are set elsewhere.
"""

import json
import os
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Final, Protocol, TypeVar, cast
from urllib.parse import quote

from binance_mcp.errors import KeychainError, NoKeychainError
from binance_mcp.masking import mask_tokens

SERVICE: Final = "binance-listen-key-mcp"
"""The name of the entries; the user name of each is its environment."""
_LEAST_PRIORITY: Final = 1
"""What the library recommends. Below are files in the clear, and backends that ask at the terminal.

https://github.com/jaraco/keyring/blob/main/keyring/backend.py
"""
_INSTEAD: Final = (
    "put the credentials into a file that only you may read, and name it in BINANCE_MCP_ENV_FILE"
)
_UNLOCK: Final = f"unlock it and try again, or {_INSTEAD}"

_T = TypeVar("_T")


class _Backend(Protocol):
    """What is used of the library's `KeyringBackend`, which has no types for it."""

    @property
    def priority(self) -> float: ...

    def get_password(self, service: str, username: str) -> str | None: ...

    def set_password(self, service: str, username: str, password: str) -> None: ...

    def delete_password(self, service: str, username: str) -> None: ...


@dataclass(frozen=True)
class Keychain:
    """The system's keychain.

    Every method raises a `NoKeychainError` if there is none that keeps secrets safely, and a
    `KeychainError` if it refuses, or does not answer in time. No text has a stored value.
    """

    seconds: float
    """How long it may take to answer. It may ask the user to unlock it."""

    def check(self) -> None:
        """Check that there is one, without using it."""
        self._ask(lambda _: None)

    def read(self, environment: str) -> dict[str, str]:
        """Return the credentials for an environment, by variable; empty if there are none."""
        text = self._ask(lambda backend: backend.get_password(SERVICE, environment))
        try:
            found = cast("object", json.loads(text or "{}"))
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise KeychainError(
                f"the entry {SERVICE} for {environment} in the system's keychain cannot be read; "
                f"run: binance-mcp login --environment {environment}"
            )
        values = cast("dict[str, object]", found)
        return {name: str(value) for name, value in values.items()}

    def store(self, environment: str, credentials: Mapping[str, str]) -> None:
        """Store the credentials for an environment, instead of those that it has."""
        text = json.dumps(dict(credentials))

        def store(backend: _Backend) -> bool:
            backend.set_password(SERVICE, environment, text)
            return backend.get_password(SERVICE, environment) == text

        if not self._ask(store):
            raise KeychainError("the system's keychain did not keep what was stored in it")

    def remove(self, environment: str) -> bool:
        """Remove the credentials for an environment; return whether there were any."""

        def remove(backend: _Backend) -> tuple[bool, bool]:
            if backend.get_password(SERVICE, environment) is None:
                return False, False
            backend.delete_password(SERVICE, environment)
            return True, backend.get_password(SERVICE, environment) is not None

        was_there, is_there = self._ask(remove)
        if is_there:
            raise KeychainError("the system's keychain did not remove what is stored in it")
        return was_there

    def _ask(self, ask: Callable[[_Backend], _T]) -> _T:
        """Ask it in a thread, because nothing else ends a call that waits for the user."""
        answer = Future[_T]()

        def run() -> None:
            try:
                answer.set_result(ask(_backend()))
            except BaseException as error:  # noqa: BLE001  # it is raised where it is waited for
                answer.set_exception(error)

        Thread(target=run, name="keychain", daemon=True).start()
        try:
            return answer.result(self.seconds)
        except KeychainError:
            raise
        except TimeoutError:
            raise KeychainError(
                f"the system's keychain did not answer within {self.seconds:g} s; {_UNLOCK}"
            ) from None
        except Exception as error:  # noqa: BLE001  # each system has errors of its own
            raise KeychainError(
                f"the system's keychain cannot be used ({_reason(error)}); {_UNLOCK}"
            ) from None


def _backend() -> _Backend:
    from keyring import core  # noqa: PLC0415  # seldom needed

    _find_session_bus()
    try:
        found = core.load_env() or core.load_config() or _secret_service() or _best()
        backend = cast("_Backend", found)
        is_safe = _is_safe(backend)
    except Exception as error:  # noqa: BLE001  # whatever importing what the user named raises
        raise NoKeychainError(
            f"keyring is configured with a keychain that cannot be used ({type(error).__name__}); "
            f"correct PYTHON_KEYRING_BACKEND or keyringrc.cfg, or {_INSTEAD}"
        ) from None
    if not is_safe:
        kind = type(backend)
        raise NoKeychainError(
            "this system has no keychain that keeps secrets safely "
            f"(keyring offers {kind.__module__}.{kind.__name__}); instead, {_INSTEAD}"
        )
    return backend


def _secret_service() -> object:
    """Return that of Linux, if there is one.

    Looking for the best of all backends delays a start by a tenth: on Linux, the one of macOS runs
    programs to find its library.
    """
    from keyring import core  # noqa: PLC0415

    try:
        return core.load_keyring("keyring.backends.SecretService.Keyring")
    except RuntimeError:
        return None


def _best() -> object:
    from keyring import core  # noqa: PLC0415

    core.init_backend(limit=lambda backend: _is_safe(cast("_Backend", backend)))
    return core.get_keyring()


def _is_safe(backend: _Backend) -> bool:
    return backend.priority >= _LEAST_PRIORITY


def _find_session_bus() -> None:
    """Use the bus of the user's session where a host did not pass its address on.

    It is where https://www.freedesktop.org/software/systemd/man/latest/sd_bus_default.html looks.
    """
    if os.name == "posix" and "DBUS_SESSION_BUS_ADDRESS" not in os.environ:
        bus = Path(os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}", "bus")
        with suppress(OSError):  # the folder is another user's
            if bus.is_socket():
                os.environ["DBUS_SESSION_BUS_ADDRESS"] = f"unix:path={quote(str(bus))}"


def _reason(error: Exception) -> str:
    """Return an error's class, and its text if that is the library's own."""
    from keyring.errors import KeyringError  # noqa: PLC0415

    name = type(error).__name__
    text = " ".join(mask_tokens(str(error)).split()) if isinstance(error, KeyringError) else ""
    return f"{name}: {text.rstrip('.')}" if text else name
