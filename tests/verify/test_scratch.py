"""Directories of builds: theirs alone while they run, and gone afterwards, also if the build was killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from generator.verify.scratch import PREFIX, scratch_directory

WORKS = """
import sys, time
from generator.verify.scratch import scratch_directory
with scratch_directory() as path:
    (path / "file").touch()
    print(path, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    yield tmp_path


def build_elsewhere() -> tuple[subprocess.Popen[str], Path]:
    """Another process that works in a directory of its own until its input ends."""
    root = Path(__file__).parents[2]
    process = subprocess.Popen(
        [sys.executable, "-c", WORKS], cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def test_it_is_private_and_gone_afterwards(temporary: Path) -> None:
    with scratch_directory() as path:
        assert (path.parent, path.stat().st_mode & 0o7777) == (temporary, 0o700)
        (path / "below").mkdir()
    with pytest.raises(KeyboardInterrupt), scratch_directory():
        raise KeyboardInterrupt
    assert list(temporary.iterdir()) == []


def test_what_a_killed_build_left_is_removed_and_what_a_running_one_needs_is_not(temporary: Path) -> None:
    killed, left = build_elsewhere()
    running, needed = build_elsewhere()
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    assert left.exists()
    with scratch_directory():
        assert not left.exists()
        assert (needed / "file").exists()
    running.communicate(timeout=30)
    assert (running.returncode, list(temporary.iterdir())) == (0, [])


def test_nothing_else_of_that_name_is_touched(temporary: Path) -> None:
    elsewhere = temporary / "elsewhere"
    elsewhere.mkdir()
    (temporary / f"{PREFIX}link").symlink_to(elsewhere)
    (temporary / f"{PREFIX}file").touch()
    stranger = temporary / f"{PREFIX}stranger"
    stranger.mkdir()
    if os.geteuid() == 0:
        os.chown(stranger, 65534, 65534)
    kept = {elsewhere, temporary / f"{PREFIX}link", temporary / f"{PREFIX}file"}
    kept |= {stranger} if os.geteuid() == 0 else set()
    with scratch_directory():
        pass
    assert set(temporary.iterdir()) == kept
