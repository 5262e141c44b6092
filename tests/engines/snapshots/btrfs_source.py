"""A btrfs on a loop device, of which one subvolume is a dataset."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from source_world import Source, make_part

SNAPSHOT = "capsule-test-deployment-tree"


@pytest.fixture
def btrfs(source: Source) -> Iterator[Source]:
    """A filesystem at ``fs`` with the subvolume ``app``, which has a file; its top is at ``top``."""
    script = f"""set -e; cd {source.root}; truncate -s 200M image; mkfs.btrfs -q image; mkdir fs top
        mount -o loop image top; btrfs -q subvolume create top/app
        mount -o subvol=app "$(findmnt -no SOURCE --target top | sed 's/\\[.*//')" fs
        mkdir fs/app fs/cache; echo one >fs/file; echo two >fs/app/file; ln fs/file fs/again; echo x >fs/cache/x"""
    made = source.command("sh", "-c", script)
    assert made.returncode == 0, made.stderr
    source.install(make_part("tree", f"{source.root}/fs", "btrfs", exclude=("cache/",)))
    yield source
    source.command("sh", "-c", f"umount -R {source.root}/fs {source.root}/top; true")


def subvolumes(source: Source) -> list[str]:
    said = source.command("btrfs", "subvolume", "list", f"{source.root}/top").stdout
    return sorted(line.split()[-1] for line in said.splitlines())
