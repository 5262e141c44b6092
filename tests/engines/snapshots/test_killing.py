"""kill -9 after every step that changes something: the next order finds its way, and nothing is left in the end."""

from __future__ import annotations

import os
import time

import pytest
from btrfs_source import btrfs, subvolumes  # noqa: F401  # a fixture
from source_world import Source, identifier

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="capsules are for root")

# Counts calls; after the one that is meant, the whole run is killed, whoever it is that called.
SHIM = """exec 8>>"$ROOT/steps.lock"; flock 8
echo "$*" >>"$ROOT/steps"
count="$(wc -l <"$ROOT/steps")"
exec 8>&-
"$REAL" "$@"
status=$?
if [[ -s "$ROOT/victim" && "$count" == "$(<"$ROOT/deadly")" ]]; then
  kill -9 -- "-$(<"$ROOT/victim")"
fi
exit "$status"
"""
LEAST = {"prepare_deployment": 7, "send_deployment_tree": 4, "remove_deployment": 6}
NEVER = 1000


def run_and_kill(source: Source, capsule: str, step: int, stdin: str) -> bool:
    """Start ``capsule`` and kill it after its step number ``step``; whether it came that far."""
    for name, text in (("steps", ""), ("deadly", str(step)), ("victim", "")):
        (source.root / name).write_text(text)
    process = source.start(capsule, stdin, before=lambda pid: (source.root / "victim").write_text(str(pid)))
    process.wait(timeout=60)
    (source.root / "victim").write_text("")
    return process.returncode == -9


@pytest.mark.parametrize("capsule", LEAST)
def test_killed_after_every_step(btrfs: Source, capsule: str) -> None:  # noqa: F811
    for tool in ("btrfs", "mount", "umount"):
        btrfs.stand_in(tool, SHIM)
    moments = (identifier(seconds) for seconds in range(2, NEVER, 2))

    def make_ready() -> str:
        """The input of ``capsule``, in the state that it is called in."""
        if capsule != "prepare_deployment":
            assert btrfs.prepare(next(moments)).returncode == 0
        if capsule == "remove_deployment":
            assert btrfs.record("tree")["health"] == "intact"
        return f"{next(moments)}\n"

    assert not run_and_kill(btrfs, capsule, NEVER, make_ready())
    steps = len((btrfs.root / "steps").read_text().splitlines())
    assert steps >= LEAST[capsule]
    for step in range(1, steps + 1):
        assert btrfs.remove().returncode == 0, step
        assert run_and_kill(btrfs, capsule, step, make_ready()), step
        time.sleep(0.2)
        if step % 2:
            removed = btrfs.remove()
            assert (removed.returncode, subvolumes(btrfs), btrfs.mounts()) == (0, ["app"], []), (step, removed.stderr)
        prepared = btrfs.prepare(next(moments))
        assert prepared.returncode == 0, (step, prepared.stderr)
        assert btrfs.record("tree")["health"] == "intact", step
    removed = btrfs.remove()
    assert (removed.returncode, subvolumes(btrfs), btrfs.mounts()) == (0, ["app"], []), removed.stderr
