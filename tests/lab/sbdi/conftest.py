"""One deployment for all tests of a module; each test leaves it whole and running."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from generator.lab import Lab

from .platform import Sbdi


@pytest.fixture(scope="module")
def sbdi_fleet(lab_directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sbdi]:
    """The deployment, installed, with data on its sources, containers that count, and no backup yet."""
    with Lab(lab_directory) as lab:
        made = Sbdi(lab, tmp_path_factory.mktemp("sbdi"))
        made.make()
        yield made


@pytest.fixture
def sbdi(sbdi_fleet: Sbdi) -> Sbdi:
    """The same, running."""
    sbdi_fleet.runs_again(60)
    return sbdi_fleet
