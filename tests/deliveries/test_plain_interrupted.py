"""``kill -9`` of the installer and the remover at their steps, and what the next run makes of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deliveries.box import Box
from tests.deliveries.builds import Build

pytestmark = pytest.mark.lab

WATCHED = ("/etc", "/opt/capsule", "/var/lib/capsule", "/var/lib/backupoperator", "/backups-kaizen")
STEPS = ("mkdir", "chown", "chmod", "mv", "rm", "rmdir", "sync", "groupadd", "useradd", "userdel")
# /usr/sbin comes first in the scripts' PATH. The script, its children and this wrapper are one process group.
WRAPPER = """#!/bin/bash
count=$(( $(</tmp/count) + 1 ))
echo "$count" >/tmp/count
real=/usr/bin/%s
[[ ! -x /usr/sbin/%s.real ]] || real=/usr/sbin/%s.real
"$real" "$@"
status=$?
(( count != $(</tmp/fatal) )) || kill -KILL 0
exit "$status"
"""


def arm(box: Box, fatal: int) -> None:
    """Have the next script die right after its step number ``fatal``; 0 is never."""
    for step in STEPS:
        real = box.path(f"/usr/sbin/{step}.real")
        if box.path(f"/usr/sbin/{step}").exists() and not real.exists() and not box.path(f"/usr/bin/{step}").exists():
            box.path(f"/usr/sbin/{step}").rename(real)
        box.write(f"/usr/sbin/{step}", WRAPPER % (step, step, step), 0o755)
    box.write("/tmp/count", "0\n")
    box.write("/tmp/fatal", f"{fatal}\n")


def outcome(box: Box) -> dict[str, tuple[object, ...]]:
    """What matters of the node's state: not the backups that useradd makes of its files, nor empty lock files."""
    seen = box.snapshot(*WATCHED, inodes=False)
    return {
        path: facts
        for path, facts in seen.items()
        if not path.endswith("-") and "/locks/" not in path and not path.startswith(("/etc/subuid", "/etc/subgid"))
    }


def all_whole(box: Box, *builds: Build) -> None:
    """Every file under a final name is wholly that of one of the builds."""
    wanted: dict[str, set[bytes]] = {}
    for file in (file for build in builds for file in build.files):
        wanted.setdefault(file.path, set()).add(file.content)
    for path, contents in wanted.items():
        if box.path(path).exists():
            assert box.path(path).read_bytes() in contents, path


@pytest.fixture
def boxes(tmp_path: Path, box: Box) -> Iterator[Iterator[Box]]:
    """As many fresh nodes as are asked for; the fixture ``box`` has made sure that this machine can have them."""
    assert box.run("true").status == 0

    def fresh() -> Iterator[Box]:
        number = 0
        while True:
            number += 1
            directory = tmp_path / f"box{number}"
            directory.mkdir()
            made = Box(directory, "web-1")
            try:
                yield made
            finally:
                made.close()

    source = fresh()
    yield source
    source.close()  # type: ignore[attr-defined]


def steps_of(box: Box, script: str) -> int:
    """How many steps an undisturbed run takes."""
    arm(box, 0)
    done = box.run(f"/root/build/{script}")
    assert done.status == 0, done
    return int(box.path("/tmp/count").read_text())


def test_an_interrupted_installation_is_completed_by_the_next_one(boxes: Iterator[Box]) -> None:
    build = Build()
    model = next(boxes)
    build.put(model)
    steps = steps_of(model, "install.sh")
    expected = outcome(model)
    assert steps > 40
    for fatal in range(1, steps, 4):
        node = next(boxes)
        build.put(node)
        arm(node, fatal)
        assert node.run("/root/build/install.sh").status == -9
        all_whole(node, build)
        arm(node, 0)
        again = node.run("/root/build/install.sh")
        assert again.status == 0, (fatal, again)
        assert outcome(node) == expected, fatal


def test_an_interrupted_upgrade_is_completed_by_the_next_one(boxes: Iterator[Box]) -> None:
    old, new = Build(), Build(capsules=("backup_nightly",), version="2")
    model = next(boxes)
    old.put(model)
    model.run("/root/build/install.sh")
    new.put(model)
    steps = steps_of(model, "install.sh")
    expected = outcome(model)
    for fatal in range(1, steps, 3):
        node = next(boxes)
        old.put(node)
        node.run("/root/build/install.sh")
        new.put(node)
        arm(node, fatal)
        assert node.run("/root/build/install.sh").status == -9
        all_whole(node, old, new)
        arm(node, 0)
        assert node.run("/root/build/install.sh").status == 0
        assert outcome(node) == expected, fatal


def test_an_interrupted_removal_is_completed_by_the_next_one(boxes: Iterator[Box]) -> None:
    build = Build()
    model = next(boxes)
    build.put(model)
    model.run("/root/build/install.sh")
    steps = steps_of(model, "remove.sh")
    expected = outcome(model)
    for fatal in range(1, steps, 5):
        node = next(boxes)
        build.put(node)
        node.run("/root/build/install.sh")
        arm(node, fatal)
        assert node.run("/root/build/remove.sh").status == -9
        arm(node, 0)
        assert node.run("/root/build/remove.sh").status == 0
        assert outcome(node) == expected, fatal
