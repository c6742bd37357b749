from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from tests.doctor.world import World, a_world


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncGenerator[World]:
    async with a_world(tmp_path) as world:
        yield world
