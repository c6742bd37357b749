"""The keeper of the account's one listen key: every request about it goes through here."""

from dataclasses import dataclass, field

import anyio

from binance_mcp.errors import BinanceError, InvalidListenKeyError, ListenKeyMismatchError
from binance_mcp.futures.listen_key import VALIDITY_SECONDS, ActiveKey, ListenKey, ListenKeyLife
from binance_mcp.futures.rest_api import RestApi


@dataclass(frozen=True)
class _Creation:
    """How the last create ended; those who waited for it share the end."""

    error: BinanceError | None = None


@dataclass(eq=False, repr=False)
class ListenKeyKeeper:
    """Creates, keeps alive and closes the listen key, one request at a time.

    On shutdown nothing happens to the key: other programs of the account may use it.
    """

    rest_api: RestApi
    validity: float = VALIDITY_SECONDS
    """Seconds that a key lives after it was created or kept alive."""
    _life: ListenKeyLife = field(default_factory=ListenKeyLife, init=False)
    _last_creation: _Creation = field(default_factory=_Creation, init=False)
    _turn: anyio.Lock = field(default_factory=anyio.Lock, init=False)

    @property
    def life(self) -> ListenKeyLife:
        """What is known of the key now; `expires_at` is on `anyio.current_time()`'s clock."""
        return self._life.at(anyio.current_time())

    async def create(self, recv_window: float | None = None) -> ActiveKey:
        """Create the key, or extend the active one. Concurrent calls share one request.

        Raises:
            BinanceError: The class says what went wrong.

        """
        seen = self._last_creation
        async with self._turn:
            shared = self._last_creation is not seen
            if shared and self._last_creation.error:
                raise self._last_creation.error
            active = self.life.active
            return active if shared and active else await self._create(recv_window)

    async def keepalive(
        self, listen_key: str | None = None, recv_window: float | None = None
    ) -> ActiveKey:
        """Extend the active key by its validity.

        `listen_key` is compared with the account's, and is never sent.

        Raises:
            ListenKeyMismatchError: The account's key is another one. Nothing was sent if this
                server knew the account's key; else that key was kept alive.
            InvalidListenKeyError: The account has no active key.
            BinanceError: The class says what went wrong.

        """
        async with self._turn:
            self._compare(listen_key)
            active = await self._keepalive(recv_window)
            self._compare(listen_key)
            return active

    async def close(self, listen_key: str | None = None, recv_window: float | None = None) -> bool:
        """Close the active key, for every program that uses it. Return whether there was one.

        If a `listen_key` is given and this server does not know the account's, the account's is
        kept alive once, to learn which it is before anything is closed.

        Raises:
            ListenKeyMismatchError: The account's key is another one. It was not closed.
            BinanceError: The class says what went wrong.

        """
        async with self._turn:
            try:
                if listen_key is not None and not self.life.active:
                    await self._keepalive(recv_window)
                self._compare(listen_key)
                await self.rest_api.close_listen_key(recv_window)
            except InvalidListenKeyError:
                was_active = False
            else:
                was_active = True
            self._life = self._life.closed()
            return was_active

    def _compare(self, listen_key: str | None) -> None:
        active = self.life.active
        if listen_key is not None and active and not active.key.matches(listen_key):
            raise ListenKeyMismatchError("the listen key given is not the account's active one")

    async def _create(self, recv_window: float | None) -> ActiveKey:
        sent = anyio.current_time()
        try:
            key = await self.rest_api.create_listen_key(recv_window)
        except BinanceError as error:
            self._last_creation = _Creation(error)
            raise
        self._last_creation = _Creation()
        return self._extended(key, sent)

    async def _keepalive(self, recv_window: float | None) -> ActiveKey:
        sent = anyio.current_time()
        try:
            key = await self.rest_api.keepalive_listen_key(recv_window)
        except InvalidListenKeyError:
            self._life = self._life.lost()
            raise
        if key is None and (active := self.life.active):
            key = active.key
        # Binance may keep a key alive without saying which; creating returns the active one.
        return self._extended(key, sent) if key else await self._create(recv_window)

    def _extended(self, key: ListenKey, sent: float) -> ActiveKey:
        """Take in that `key` was extended by a request sent at `sent`, and not before."""
        active = ActiveKey(key, sent + self.validity)
        self._life = self._life.extended(active)
        return active
