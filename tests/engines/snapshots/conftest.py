"""The world that tests of sources run in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from source_world import Source


@pytest.fixture
def source() -> Iterator[Source]:
    """A source without capsules, removed afterwards."""
    made = Source()
    try:
        yield made
    finally:
        made.close()
