"""The machine that tests of pauses run on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from quiet_machine import Machine


@pytest.fixture
def machine() -> Iterator[Machine]:
    """A machine without anything on it, removed afterwards."""
    made = Machine()
    yield made
    made.close()
