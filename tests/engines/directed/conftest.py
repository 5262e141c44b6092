"""The machine that tests of pauses run on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from quiet_machine import Machine
from small_fleet import SmallFleet


@pytest.fixture
def machine() -> Iterator[Machine]:
    """A machine without anything on it, removed afterwards."""
    made = Machine()
    yield made
    made.close()


@pytest.fixture
def fleet() -> Iterator[SmallFleet]:
    """A director and those that it calls, removed afterwards."""
    made = SmallFleet()
    yield made
    made.close()
