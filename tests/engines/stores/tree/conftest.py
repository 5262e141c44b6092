"""The world that tests of collectors, senders and restores run in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .network_world import World


@pytest.fixture
def world() -> Iterator[World]:
    """An empty world, removed afterwards."""
    made = World()
    yield made
    made.close()
