"""The judge is judged: it finds equal what is equal, and every single difference it exists for."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from .oddtree import mutate, plant
from .walker import differences, inodes, walk

ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="devices and owners need root")
pytestmark = ROOT_ONLY


def planted(directory: Path) -> Path:
    directory.mkdir()
    plant(directory, 1)
    return directory


def test_a_faithful_copy_has_no_difference(tmp_path: Path) -> None:
    tree = planted(tmp_path / "tree")
    subprocess.run(["cp", "-a", "--sparse=always", tree, tmp_path / "copy"], check=True)
    assert differences(walk(tree), walk(tmp_path / "copy")) == []
    assert len(walk(tree)) > 250


def test_the_same_seed_gives_the_same_days(tmp_path: Path) -> None:
    one, two = planted(tmp_path / "one"), planted(tmp_path / "two")
    before = inodes(one)
    for day in range(1, 13):
        earlier = walk(one)
        for tree in (one, two):
            mutate(tree, 1, day)
        assert 10 < len({line.split(": ")[0] for line in differences(earlier, walk(one))}) < 50
    digests = [{name: entry.digest for name, entry in walk(tree).items()} for tree in (one, two)]
    assert digests[0] == digests[1]
    assert len(before.items() & inodes(one).items()) > 150


def swap_link(tree: Path) -> None:
    (tree / "linked/b/two").unlink()
    subprocess.run(["cp", "-a", tree / "linked/a/one", tree / "linked/b/two"], check=True)


def fill_hole(tree: Path) -> None:
    status = (tree / "kinds/sparse").stat()
    (tree / "kinds/sparse").write_bytes((tree / "kinds/sparse").read_bytes())
    os.utime(tree / "kinds/sparse", ns=(status.st_atime_ns, status.st_mtime_ns))


def touch_by_a_nanosecond(tree: Path) -> None:
    status = (tree / "bulk/f000").stat()
    os.utime(tree / "bulk/f000", ns=(status.st_atime_ns, status.st_mtime_ns + 1))


CHANGES: dict[str, Callable[[Path], object]] = {
    "digest should be": lambda tree: (tree / "names/plain").write_bytes(b"other"),
    "mtime should be": touch_by_a_nanosecond,
    "mode should be": lambda tree: (tree / "bulk/f000").chmod(0o640),
    "uid should be": lambda tree: os.lchown(tree / "symbolic/absolute", 1, 12_346),
    "gid should be": lambda tree: os.chown(tree / "kinds/empty directory", 0, 1),
    "links should be": swap_link,
    "sparse should be": fill_hole,
    "attributes should be": lambda tree: os.removexattr(tree / "rights/capable", "security.capability"),
    "posix_acl_default": lambda tree: os.removexattr(tree / "rights/default acl", "system.posix_acl_default"),
    "is missing": lambda tree: (tree / "kinds/socket").unlink(),
    "should not be there": lambda tree: (tree / "rights/new").touch(),
}


@pytest.mark.parametrize("sign", CHANGES)
def test_each_kind_of_change_is_found(tmp_path: Path, sign: str) -> None:
    tree = planted(tmp_path / "tree")
    before = walk(tree)
    CHANGES[sign](tree)
    assert sign in "\n".join(differences(before, walk(tree)))


def test_what_is_left_out_is_left_out_with_all_below(tmp_path: Path) -> None:
    tree = planted(tmp_path / "tree")
    whole, part = walk(tree), walk(tree, without=(b"names", b"kinds/fifo"))
    assert {
        name for name in whole if name == b"kinds/fifo" or name.split(b"/")[0] == b"names"
    } == whole.keys() - part.keys()
    assert walk(tree / "absent") == {}
