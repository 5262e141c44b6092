"""Shared by the lab's tests: they need root on Linux, and say so where they cannot run."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator.lab import LabUnavailable, base_root
from generator.lab.requirements import require_lab

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this directory: ``-m 'not lab'`` leaves them out."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.lab)


@pytest.fixture(scope="session")
def lab_directory() -> Path:
    """Where labs may live: on a disk, because an overlay cannot hold another one's upper layer."""
    try:
        require_lab()
        base_root()
    except LabUnavailable as unavailable:
        pytest.skip(str(unavailable))
    return Path("/var/tmp/capsule-lab")
