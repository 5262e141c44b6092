"""Runs every bats file beside this one, as root: real capsules against real tools."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

FILES = sorted(Path(__file__).parent.glob("*.bats"))

pytestmark = [
    pytest.mark.bats,
    pytest.mark.skipif(os.geteuid() != 0, reason="capsules are for root"),
    pytest.mark.skipif(shutil.which("bats") is None, reason="bats is not installed"),
]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_bats(file: Path) -> None:
    environment = {**os.environ, "PYTHON": sys.executable}
    run = subprocess.run(["bats", "--print-output-on-failure", file], env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
