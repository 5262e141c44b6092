"""Collectors with real rsync and real data accounts, against honest, broken and hostile sources."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from datetime import timedelta

import pytest
from odd_trees import odd

from .collecting import ALPHA, BETA, drip, everywhere, held, install, plain, store
from .network_world import SOURCES, TODAY, World, day, manifest

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="data accounts need root")


def test_everything_arrives_owned_by_its_account_alone(world: World) -> None:
    install(world)
    for source in SOURCES:
        for name in (day(-1), day(0)):
            world.make_backup(source, name, odd)
    done = world.run("collector", "collect_collection")
    assert (done.returncode, done.stderr) == (0, "")
    assert held(world, "alpha") == held(world, "beta") == [day(-1), day(0)]
    assert {path.lstat().st_uid for path in store(world, "alpha").rglob("*")} == {ALPHA}
    assert {path.lstat().st_uid for path in store(world, "beta").rglob("*")} == {BETA}
    assert not any(path.is_symlink() or path.is_block_device() for path in store(world, "alpha").rglob("*"))
    assert (store(world, "alpha").stat().st_uid, store(world, "alpha").stat().st_gid) == (0, ALPHA)
    assert store(world, "alpha").stat().st_mode & 0o7777 == 0o750
    second = world.run("second", "collect_offsite")
    assert (second.returncode, second.stderr) == (0, "")
    assert held(world, "beta", "second") == [day(-1), day(0)]


def test_unchanged_files_cost_nothing(world: World) -> None:
    install(world)
    for source in SOURCES:
        world.make_backup(source, day(-1), odd)
        (world.local_tree(source) / day(-1) / "etc" / "plain").write_text("changed since")
        before = world.local_tree(source) / day(-1)
        subprocess.run(["cp", "-a", "--link", before, before.with_name(day(0))], check=True)
        for name in ("etc/plain", "manifest", "backup.info"):
            (before.with_name(day(0)) / name).unlink()
        (before.with_name(day(0)) / "etc" / "plain").write_text("new")
        for backup in (before, before.with_name(day(0))):
            (backup / "backup.info").write_text("made by a test\n")
            (backup / "manifest").write_bytes(manifest(backup))
    done = world.run("collector", "collect_collection")
    assert (done.returncode, done.stderr) == (0, "")
    old, new = (store(world, "alpha") / name / "etc" for name in (day(-1), day(0)))
    assert (old / "sparse").stat().st_ino == (new / "sparse").stat().st_ino
    assert (old / "plain").stat().st_ino != (new / "plain").stat().st_ino
    assert (new / "plain").read_text() == "new"
    assert (new / "sparse").stat().st_blocks < 100


def test_a_source_that_is_down_is_named_and_keeps_its_history(world: World) -> None:
    install(world)
    everywhere(world, *(day(offset) for offset in range(-9, 0)))
    world.set_today(TODAY - timedelta(days=1))
    assert world.run("collector", "collect_collection").returncode == 0
    history = held(world, "alpha")
    world.set_today(TODAY)
    world.make_backup("beta", day(0), plain)
    world.down.add("alpha")
    done = world.run("collector", "collect_collection")
    assert done.returncode == 10
    assert "SOURCE-UNREACHABLE" in done.stderr
    assert 'sources="alpha (failed)"' in done.stderr
    assert held(world, "alpha") == history
    assert held(world, "beta") == [day(offset) for offset in range(-7, 1)]
    assert world.run_state("collector", "collect_collection.alpha")["result"] == "failed"
    assert world.run_state("collector", "collect_collection.beta")["result"] == "complete"
    assert world.run_state("collector", "collect_collection")["result"] == "partial"
    world.down.add("beta")
    assert world.run("collector", "collect_collection").returncode == 10  # beta has today's already
    world.set_today(TODAY + timedelta(days=1))
    assert world.run("collector", "collect_collection").returncode == 69


def test_yesterdays_copy_again_is_no_success(world: World) -> None:
    install(world)
    everywhere(world, day(-1))
    world.set_today(TODAY - timedelta(days=1))
    assert world.run("collector", "collect_collection").returncode == 0
    assert world.run("collector", "collect_collection").returncode == 0  # a second run of the same day
    world.set_today(TODAY)
    world.make_backup("beta", day(0), plain)
    done = world.run("collector", "collect_collection")
    assert (done.returncode, "SOURCE-STALE" in done.stderr) == (10, True)
    assert 'sources="alpha (partial)"' in done.stderr


def test_a_store_of_another_deployment_is_refused_and_one_of_an_earlier_build_adopted(world: World) -> None:
    install(world)
    mark = world.root / "collector" / "store" / ".capsule" / "owner"
    everywhere(world, day(-9), day(-1))
    world.set_today(TODAY - timedelta(days=1))
    assert world.run("collector", "collect_collection").returncode == 0
    assert mark.read_text() == "test/collection\n"
    world.set_today(TODAY)
    everywhere(world, day(0))
    before = held(world, "alpha")
    mark.write_text("other/collection\n")
    foreign = world.run("collector", "collect_collection")
    assert (foreign.returncode, "STORE-FOREIGN" in foreign.stderr) == (78, True)
    assert 'owner="other/collection" here="test/collection"' in foreign.stderr
    # without a mark their owner says whose backups are: an installer may have changed the directory above them
    shutil.rmtree(mark.parent)
    os.chown(store(world, "beta") / day(-1), 4711, 4711)
    unmarked = world.run("collector", "collect_collection")
    assert (unmarked.returncode, "STORE-FOREIGN" in unmarked.stderr) == (78, True)
    assert f'backup="{store(world, "beta") / day(-1)}" name="test/collection" mark="{mark}"' in unmarked.stderr
    assert (held(world, "alpha"), held(world, "beta")) == (before, before)
    assert world.run_state("collector", "collect_collection")["result"] == "failed"
    os.chown(store(world, "beta") / day(-1), BETA, BETA)
    adopted = world.run("collector", "collect_collection")
    assert (adopted.returncode, adopted.stderr) == (0, "")
    assert mark.read_text() == "test/collection\n"
    assert day(0) in held(world, "beta")


def test_partial_backups_stay_partial_until_the_complete_one_comes(world: World) -> None:
    install(world)
    everywhere(world, day(-1))
    world.make_backup("alpha", f"{day(0)}.partial", plain)
    world.make_backup("beta", day(0), plain)
    assert world.run("collector", "collect_collection").returncode == 0  # the first time, yesterday's is new
    assert held(world, "alpha") == [day(-1), f"{day(0)}.partial"]
    world.make_backup("alpha", day(0), plain)
    assert world.run("collector", "collect_collection").returncode == 0
    assert held(world, "alpha") == [day(-1), day(0)]


def test_backups_from_the_future_are_neither_pulled_nor_trusted(world: World) -> None:
    install(world)
    everywhere(world, day(0))
    world.make_backup("alpha", day(3), plain)
    done = world.run("collector", "collect_collection")
    assert (done.returncode, "FUTURE-BACKUP" in done.stderr) == (10, True)
    assert held(world, "alpha") == [day(0)]


@pytest.mark.parametrize("lie", ["changed", "missing", "unexpected", "none", "garbage"])
def test_what_differs_from_the_manifest_is_not_published(world: World, lie: str) -> None:
    install(world)
    everywhere(world, day(-1), day(0))
    backup = world.local_tree("alpha") / day(0)
    match lie:
        case "changed":
            (backup / "etc" / "file").write_text("CONTENT")
        case "missing":
            (backup / "etc" / "file").unlink()
        case "unexpected":
            (backup / "etc" / "more").write_text("more")
        case "none":
            (backup / "manifest").unlink()
        case _:
            (backup / "manifest").write_bytes(os.urandom(5000))
    done = world.run("collector", "collect_collection")
    assert (done.returncode, "VERIFICATION-FAILED" in done.stderr) == (10, True)
    assert held(world, "alpha") == [day(-1)]
    assert held(world, "beta") == [day(-1), day(0)]


def test_a_manifest_that_is_a_link_is_none(world: World) -> None:
    install(world)
    everywhere(world, day(0))
    (world.local_tree("alpha") / day(0) / "manifest").unlink()
    (world.local_tree("alpha") / day(0) / "manifest").symlink_to("/etc/passwd")
    assert world.run("collector", "collect_collection").returncode == 10
    assert held(world, "alpha") == []


def test_a_file_without_end_and_a_full_store(world: World) -> None:
    install(world, limits={"largest_file_bytes": 1_000_000})
    everywhere(world, day(0))
    (world.local_tree("alpha") / day(0) / "etc" / "endless").write_bytes(os.urandom(1_500_000))
    done = world.run("collector", "collect_collection")
    assert (done.returncode, "TRANSFER-FAILED" in done.stderr) == (10, True)
    assert (held(world, "alpha"), held(world, "beta")) == ([], [day(0)])
    install(world, limits={"reserve_bytes": 10**17})
    (world.local_tree("alpha") / day(0) / "etc" / "endless").unlink()
    world.make_backup("alpha", day(-1), plain)
    world.make_backup("beta", day(-1), lambda directory: (directory / "big").write_bytes(os.urandom(20_000_000)))
    full = world.run("collector", "collect_collection")
    assert full.returncode in (10, 69)
    assert "the store is full up to its reserve" in full.stderr


def flood(link: socket.socket) -> None:
    """A daemon that greets and then talks for ever."""
    try:
        link.sendall(b"@RSYNCD: 31.0 sha512 sha256 sha1 md5 md4\n")
        while True:
            link.sendall(b"drwxr-xr-x 4,096 2026/11/20 00:00:00 2026-11-20\n" * 1000)
    except OSError:
        return


def garbage(link: socket.socket) -> None:
    """A daemon that agrees to everything and then sends noise."""
    try:
        link.sendall(b"@RSYNCD: 31.0 sha512 sha256 sha1 md5 md4\n@RSYNCD: OK\n" + os.urandom(200_000))
    except OSError:
        return


@pytest.mark.parametrize("behaviour", [flood, drip, garbage])
def test_a_hostile_daemon_costs_nobody_else_anything(world: World, behaviour: object) -> None:
    install(world, limits={"duration_seconds": 8})
    everywhere(world, day(-1))
    world.set_today(TODAY - timedelta(days=1))
    assert world.run("collector", "collect_collection").returncode == 0
    world.set_today(TODAY)
    world.make_backup("beta", day(0), plain)
    assert callable(behaviour)
    world.serve["alpha"] = behaviour
    begun = time.monotonic()
    done = world.run("collector", "collect_collection")
    assert time.monotonic() - begun < 60
    assert done.returncode == 10
    assert (held(world, "alpha"), held(world, "beta")) == ([day(-1)], [day(-1), day(0)])


def test_thousands_of_names_and_odd_ones(world: World) -> None:
    install(world)
    everywhere(world, day(0))
    tree = world.local_tree("alpha")
    for number in range(3000):
        (tree / f"{1000 + number}-01-01").mkdir()
    for name in ("2026-13-01", "2026-11-19 ", "2026-11-18.partial.partial", "etc", "2026-11-17;id", "-rf"):
        (tree / name).mkdir()
    (tree / "2026-11-16").write_text("a file")
    (tree / "2026-11-15").symlink_to("/etc")
    done = world.run("collector", "collect_collection")
    assert done.returncode == 10
    assert "it says more than it may" in done.stderr
    for number in range(3000):
        (tree / f"{1000 + number}-01-01").rmdir()
    assert world.run("collector", "collect_collection").returncode == 0
    assert held(world, "alpha") == [day(0)]


def test_an_account_reaches_no_other_tree_and_no_other_key(world: World) -> None:
    install(world)
    everywhere(world, day(0))
    assert world.run("collector", "collect_collection").returncode == 0
    identity = ["setpriv", f"--reuid={ALPHA}", f"--regid={ALPHA}", "--clear-groups", "--no-new-privs"]

    def alpha_may(*command: object) -> bool:
        return subprocess.run([*identity, *map(str, command)], capture_output=True, check=False).returncode == 0

    assert alpha_may("cat", store(world, "alpha") / day(0) / "etc" / "file")
    assert not alpha_may("ls", store(world, "beta"))
    assert not alpha_may("ls", store(world, "beta").parent)
    assert not alpha_may("touch", store(world, "alpha") / "new")
    assert not alpha_may("mv", store(world, "alpha") / day(0), store(world, "alpha") / "gone")
    assert alpha_may("cat", world.root / "programs/ssh/alpha.send_nightly")
    assert not alpha_may("cat", world.root / "programs/ssh/beta.send_nightly")
    assert not alpha_may("tee", world.root / "programs/ssh/alpha.send_nightly")
