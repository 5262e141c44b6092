"""Every rendered local capsule obeys the rules that the compiler itself checks, and shellcheck at its strictest."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from generator.verify.bash_rules import violations
from generator.verify.bash_tree import parse
from generator.verify.shellcheck import EXCLUDED

SHELLCHECK = Path(sys.executable).parent / "shellcheck"


@pytest.fixture(scope="module")
def capsules(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    """The capsules of the test fleet, rendered."""
    directory = tmp_path_factory.mktemp("capsules") / "lab"
    script = Path(__file__).parent / "rendering.py"
    subprocess.run([sys.executable, script, directory], check=True)
    return tuple(sorted((directory / "bin").iterdir()))


def test_capsules_obey_every_rule(capsules: tuple[Path, ...]) -> None:
    broken = {capsule.name: violations(parse(capsule.read_bytes())) for capsule in capsules}
    assert {name: found for name, found in broken.items() if found} == {}


def test_capsules_are_clean_under_shellcheck(capsules: tuple[Path, ...]) -> None:
    excluded = f"--exclude={','.join(EXCLUDED)}"
    command = [SHELLCHECK, "--norc", "--enable=all", "--severity=style", excluded, "--format=gcc", *capsules]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout) == (0, "")
