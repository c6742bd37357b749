"""A sandbox in a process of its own, over real sockets."""

from collections.abc import AsyncGenerator, Generator

import httpx2 as httpx
import pytest

from tests.simulation.stream.machines import exchange


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def at() -> Generator[dict[str, str]]:
    """Run a sandbox; yield its addresses, and an account."""
    with exchange() as at:
        yield at


@pytest.fixture
async def control(at: dict[str, str]) -> AsyncGenerator[httpx.AsyncClient]:
    """Yield a client of the sandbox, with the account's API key."""
    headers = {"X-MBX-APIKEY": at["apiKey"]}
    async with httpx.AsyncClient(
        base_url=at["restUrl"], headers=headers, trust_env=False, timeout=60
    ) as http:
        yield http
