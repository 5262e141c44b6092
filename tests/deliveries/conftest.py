"""Throw-away roots for tests that install for real."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deliveries.box import Box


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    """A fresh node called web-1."""
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        pytest.skip("installing for real needs root on Linux")
    directory = tmp_path / "box"
    directory.mkdir()
    made = Box(directory, "web-1")
    try:
        yield made
    finally:
        made.close()
