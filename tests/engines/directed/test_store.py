"""Stores: what they pull, what becomes a backup of it, and what never does."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

import pytest
from fleets import make_limits, make_schedule
from store_world import ALPHA, StoreWorld, odd

from generator.inventory.model import Ownership

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="data accounts need root")


@pytest.fixture
def world() -> Iterator[StoreWorld]:
    """A store without capsules, removed afterwards."""
    made = StoreWorld()
    try:
        yield made
    finally:
        made.close()


def spoken(said: str) -> list[str]:
    """What a store says of each part, but for how large it is."""
    return [re.sub(r"^(part .*) \d+ \d+$", r"\1", line) for line in said.splitlines()]


def test_one_moment_is_stored_as_sbdi_lays_it_out(world: StoreWorld) -> None:
    world.install()
    for part in world.parts.values():
        odd(part.data)
    pulled = world.pull()
    assert (pulled.returncode, pulled.stderr) == (0, "")
    assert spoken(pulled.stdout) == [
        "part alpha data complete", "part beta data complete", "part beta etc complete", "result complete",
    ]  # fmt: skip
    assert world.names() == []
    committed = world.commit()
    assert (committed.returncode, committed.stderr, committed.stdout) == (0, "", "result complete\n")
    assert world.names() == [world.moment()]
    stored = world.root / "store" / world.moment()
    assert sorted(entry.name for entry in stored.iterdir()) == [
        ".capsule", "alpha@+srv+data", "beta@+etc", "beta@+srv+data",
    ]  # fmt: skip
    owners = {path.lstat().st_uid for path in (stored / "alpha@+srv+data").rglob("*")}
    assert owners == {ALPHA}
    assert (stored / "alpha@+srv+data").stat().st_mode & 0o7777 == 0o700
    assert sorted(entry.name for entry in (world.root / "store").iterdir()) == [".capsule", world.moment()]
    info = world.info(world.moment())
    assert (info["result"], info["part.beta@+etc.result"], info["part.beta@+etc.dataset"]) == (
        "complete",
        "complete",
        "etc",
    )
    assert world.run_state("pull_deployment.beta")["result"] == "complete"
    assert world.run_state("commit_deployment")["bytes"] == info["bytes"] != "0"
    assert world.run_state("health_deployment")["result"] == "complete"


def parts_of(world: StoreWorld, name: str) -> dict[str, str]:
    """What backup.info says of each part."""
    info = world.info(name)
    return {key.split(".")[1]: value for key, value in info.items() if key.endswith(".result")}


@pytest.mark.parametrize("engine", ["tree", "btrfs"])
def test_a_store_goes_on_from_what_it_has_and_lets_go_what_no_rule_keeps(world: StoreWorld, engine: str) -> None:
    if engine == "btrfs":
        world.mount_btrfs()
    world.install(engine)
    assert world.faults() == ()
    for part in world.parts.values():
        odd(part.data)
    first = world.back_up()
    world.pass_time(hours=1)
    data = world.parts["alpha", "data"].data
    (data / "file").write_text("changed")
    (data / "new").write_text("new")
    (data / "linked").unlink()
    second = world.back_up()
    stored = world.root / "store"
    assert world.read(stored / second / "alpha@+srv+data" / "file") == "changed"
    assert world.read(stored / first / "alpha@+srv+data" / "file") == "alpha data\n"
    assert "linked" not in world.found(stored / second / "alpha@+srv+data")
    if engine == "tree":
        kept, again = (stored / name / "alpha@+srv+data" / "sparse" for name in (first, second))
        assert kept.stat().st_ino == again.stat().st_ino
        assert kept.stat().st_blocks < 100
    world.pass_time(hours=1)
    third = world.back_up()
    assert world.names() == [second, third]
    assert first not in world.found(stored)
    manifests = [world.read(stored / name / ".capsule" / "beta@+etc.manifest") for name in (second, third)]
    digests = [[line.split("\t")[7:] for line in text.splitlines()] for text in manifests]
    assert digests[0] == digests[1]


def test_a_source_that_fails_leaves_a_partial_backup_without_it(world: StoreWorld) -> None:
    world.install()
    first = world.back_up()
    world.pass_time(hours=1)
    world.parts["beta", "etc"].down = True
    pulled = world.pull()
    assert pulled.returncode == 10
    assert "part beta etc failed" in spoken(pulled.stdout)
    assert "SOURCE-UNREACHABLE" in pulled.stderr
    assert world.commit().returncode == 10
    partial = f"{world.moment()}.partial"
    assert world.names() == [first, partial]
    assert parts_of(world, partial) == {
        "alpha@+srv+data": "complete",
        "beta@+srv+data": "complete",
        "beta@+etc": "failed",
    }
    assert not (world.root / "store" / partial / "beta@+etc").exists()
    described = world.run("describe")
    assert (described.returncode, described.stderr) == (0, "")
    rows = [line.split() for line in described.stdout.splitlines()]
    assert rows[1][:6] == [first, "2026-11-20", "01:30:00", "complete", "3", world.info(first)["bytes"]]
    assert rows[2][:5] == [partial, "2026-11-20", "02:30:00", "partial", "2"]
    assert rows[3:] == [["lacks", "beta@+etc"]]
    assert world.run_state("pull_deployment.beta")["result"] == "partial"
    world.parts["beta", "etc"].down = False
    world.pass_time(hours=1)
    whole = world.back_up()
    etc = [(world.root / "store" / name / "beta@+etc" / "file").stat().st_ino for name in (first, whole)]
    assert etc[0] == etc[1]  # the backup before last is linked to where the last one lacks the part


def test_an_old_content_of_current_is_never_taken_for_this_moment(world: StoreWorld) -> None:
    world.mount_btrfs()
    world.install("btrfs")
    world.back_up()
    world.pass_time(hours=1)
    world.parts["alpha", "data"].down = True
    assert (world.pull().returncode, world.commit().returncode) == (10, 10)
    partial = f"{world.moment()}.partial"
    assert parts_of(world, partial)["alpha@+srv+data"] == "failed"
    assert "alpha@+srv+data.manifest" not in world.found(world.root / "store" / partial / ".capsule")


def test_what_did_not_move_is_known_again_without_being_read(world: StoreWorld) -> None:
    world.mount_btrfs()
    world.install("btrfs")
    for part in world.parts.values():
        odd(part.data)
    names = [world.back_up()]
    listed = world.root / "store/current/.capsule/known/alpha@+srv+data.listed"
    assert len(world.read(listed).split()) == 3
    # A digest that nobody could have computed: it is taken over as long as nothing moves.
    manifest = world.root / "store/current/.capsule/alpha@+srv+data.manifest"
    world.command("sed", "-i", r"s/\t[0-9a-f]\{64\}\tplain$/\t" + "0" * 64 + r"\tplain/", manifest)
    world.pass_time(hours=1)
    names.append(world.back_up())
    assert f"{'0' * 64}\tplain\n" in world.read(manifest)
    assert world.info(names[0])["part.alpha@+srv+data.bytes"] == world.info(names[1])["part.alpha@+srv+data.bytes"]
    # Something moves, and then a run fails: everything is looked at again.
    (world.parts["alpha", "data"].data / "new").write_text("new")
    world.pass_time(hours=1)
    names.append(world.back_up())
    assert "\tnew\n" in world.read(manifest)
    world.parts["alpha", "data"].listing = lambda honest: honest[:50]
    world.pass_time(hours=1)
    assert world.pull().returncode == 10
    assert "no such" in world.command("cat", listed).stderr.lower()


def lie(part_name: tuple[str, str], world: StoreWorld, how: str) -> None:
    part = world.parts[part_name]
    answers = iter(["intact", "intact", "broken"])
    match how:
        case "broken before":
            part.health = lambda: "broken"
        case "broken while it was sent":
            part.health = lambda: next(answers, "broken")
        case "no snapshot":
            part.result = "failed"
        case "a listing with one entry more":
            part.listing = lambda honest: honest + b"f\t644\t0\t0\t1\t1\t999\t-\tzzz\n"
        case "a listing with another size":
            part.listing = lambda honest: honest.replace(b"\t0\t0\t", b"\t0\t0\t9", 1)
        case "half a listing":
            part.listing = lambda honest: honest[: len(honest) // 2]
        case "hard links that are none":
            lines = "file", "other"
            for name in lines:
                (part.data / name).write_text("same")
            part.listing = lambda honest: b"".join(
                b"\t".join([*line.split(b"\t")[:6], b"7", *line.split(b"\t")[7:]]) for line in honest.splitlines(True)
            )
        case _:
            raise AssertionError(how)


@pytest.mark.parametrize(
    "how",
    [
        "broken before",
        "broken while it was sent",
        "no snapshot",
        "a listing with one entry more",
        "a listing with another size",
        "half a listing",
        "hard links that are none",
    ],
)
def test_what_is_not_what_the_source_says_is_no_part_of_a_backup(world: StoreWorld, how: str) -> None:
    world.install()
    lie(("beta", "data"), world, how)
    pulled = world.pull()
    assert "part beta data failed" in spoken(pulled.stdout), pulled.stderr
    assert "part beta etc complete" in spoken(pulled.stdout)
    assert world.commit().stdout == "result partial\n"
    assert world.stored() == [f"{world.moment()}.partial"]
    assert "beta@+srv+data" not in world.found(world.root / "store" / f"{world.moment()}.partial")


def test_another_moment_is_refused_before_anything_is_received(world: StoreWorld) -> None:
    world.install()
    world.parts["alpha", "data"].identifier = world.moment(-60)
    assert "SNAPSHOT-FOREIGN" in world.run("pull", f"{world.moment()}\n").stderr
    assert world.parts["alpha", "data"].served == 1


def test_doubts_make_a_part_partial_and_root_can_dispel_one(world: StoreWorld) -> None:
    world.install()
    data = world.parts["alpha", "data"].data
    for number in range(20):
        (data / f"file{number}").write_text("x" * 1000)
    world.back_up()
    world.pass_time(hours=1)
    for number in range(18):
        (data / f"file{number}").unlink()
    world.parts["beta", "etc"].result = "partial"
    pulled = world.pull()
    assert "part alpha data partial" in spoken(pulled.stdout)
    assert "part beta etc partial" in spoken(pulled.stdout)
    assert "PART-SHRUNKEN" in pulled.stderr
    assert world.commit().returncode == 10
    partial = f"{world.moment()}.partial"
    assert parts_of(world, partial)["alpha@+srv+data"] == "partial"
    assert (world.root / "store" / partial / "alpha@+srv+data" / "file19").exists()
    world.parts["beta", "etc"].result = "complete"
    world.pass_time(hours=1)
    assert world.pull().returncode == 10
    accepted = world.run("acknowledge")
    assert "alpha@+srv+data" in accepted.stdout, accepted
    world.pass_time(hours=1)
    world.back_up()
    world.pass_time(hours=1)
    world.back_up()


def test_the_director_may_call_whole_parts_partial(world: StoreWorld) -> None:
    world.install()
    assert world.pull().returncode == 0
    committed = world.commit("partial")
    assert (committed.returncode, committed.stdout) == (10, "result partial\n")
    assert world.names() == [f"{world.moment()}.partial"]
    assert world.info(world.names()[0])["moment"] == "partial"
    assert "its parts are not of one moment" in world.run("describe").stdout


@pytest.mark.parametrize("word", ["", "x\n", "20261120T013000Z; id\n", "20261399T013000Z\n", "../../etc/passwd\n"])
def test_what_is_no_moment_is_refused(world: StoreWorld, word: str) -> None:
    world.install()
    assert world.run("pull", word).returncode == 64
    assert world.run("commit", word).returncode == 64
    assert world.names() == []


def test_a_moment_is_stored_once_and_none_before_it_or_far_from_now(world: StoreWorld) -> None:
    world.install()
    first = world.back_up()
    assert (world.pull(first).returncode, world.commit(moment=first).returncode) == (64, 64)
    assert world.pull(world.moment(-60)).returncode == 64
    assert world.pull(world.moment(1000)).returncode == 64
    assert world.pull(world.moment(-3600)).returncode == 64
    assert world.names() == [first]
    world.pass_time(days=-300)
    second = world.moment()
    done = world.pull()
    assert "FUTURE-BACKUP" in done.stderr
    assert world.commit().returncode == 0
    assert world.names() == [second, first]


def test_nothing_is_committed_that_was_not_pulled_for_that_moment(world: StoreWorld) -> None:
    world.install()
    assert world.pull().returncode == 0
    world.pass_time(minutes=1)
    assert world.commit().returncode == 64
    assert world.names() == []


def test_what_somebody_reads_or_needs_is_not_pruned(world: StoreWorld) -> None:
    world.install()
    names = [world.back_up()]
    activated = world.run("activate", "latest\n")
    place = world.root / "store" / "activated" / names[0]
    assert (activated.returncode, activated.stdout) == (0, f"{place}\n"), activated.stderr
    assert world.run("activate", "latest\n").returncode == 75
    assert world.read(place / "alpha@+srv+data" / "file") == "alpha data\n"
    assert world.command("touch", place / "x").returncode != 0
    for _ in range(3):
        world.pass_time(hours=1)
        names.append(world.back_up())
    assert world.names() == [names[0], *names[2:]]
    done = world.run("deactivate")
    assert done.returncode == 0, done.stderr
    assert not place.exists()
    world.pass_time(hours=1)
    names.append(world.back_up())
    assert world.names() == names[-2:]
    lock = world.root / "state" / "locks" / f"stored_deployment_{names[-2]}"
    reader = world.command("sh", "-c", f"exec flock --shared {lock} true")
    assert reader.returncode == 0


def test_a_scrub_reads_everything_and_finds_what_changed(world: StoreWorld) -> None:
    world.install(scrub=make_schedule("0 13 * * 0"))
    assert world.faults() == ()
    odd(world.parts["alpha", "data"].data)
    name = world.back_up()
    done = world.run("scrub")
    assert (done.returncode, done.stderr) == (0, "")
    damaged = world.root / "store" / name / "alpha@+srv+data" / "plain"
    before = damaged.stat()
    damaged.write_text("plaim")
    os.utime(damaged, ns=(before.st_atime_ns, before.st_mtime_ns))
    done = world.run("scrub")
    assert done.returncode == 65
    assert "changed plain: digest" in done.stderr
    assert world.run_state("scrub_deployment")["result"] == "failed"


def test_a_verification_leaves_the_stores_reserve_alone(world: StoreWorld) -> None:
    world.install(limits=make_limits(120, largest_file_bytes=1 << 30, reserve_bytes=1_000_000))
    anybodys = world.root / "anybodys"
    anybodys.mkdir()
    anybodys.chmod(0o777)
    left = f"test -e {anybodys}/full && left=0 || left=1000000000000"
    world.stand_in("df", f"#!/bin/sh\n{left}\nprintf 'Avail IFree\\n%s 100000\\n' $left\n")
    slow = f'case "$*" in *printf*) touch {anybodys}/full; sleep 6 ;; esac'
    world.stand_in("find", f'#!/bin/sh\n{slow}\nexec /usr/bin/find "$@"\n')
    done = world.pull()
    assert done.returncode == 69
    assert "VERIFICATION-FAILED" in done.stderr
    assert "the store is full up to its reserve" in done.stderr


@pytest.mark.parametrize("engine", ["tree", "btrfs"])
def test_an_empty_directory_is_a_backup_like_any_other(world: StoreWorld, engine: str) -> None:
    if engine == "btrfs":
        world.mount_btrfs()
    world.install(engine)
    (world.parts["beta", "etc"].data / "file").unlink()
    first = world.back_up()
    assert parts_of(world, first)["beta@+etc"] == "complete"
    assert world.info(first)["part.beta@+etc.entries"] == "0"
    world.pass_time(hours=1)
    second = world.back_up()
    for name in (first, second):
        assert world.read(world.root / "store" / name / ".capsule" / "beta@+etc.manifest") == ""
        assert world.found(world.root / "store" / name / "beta@+etc") == []
    (world.parts["beta", "etc"].data / "file").write_text("filled")
    world.pass_time(hours=1)
    assert world.read(world.root / "store" / world.back_up() / "beta@+etc" / "file") == "filled"


def test_limits_of_the_store_hold(world: StoreWorld) -> None:
    world.install(limits=make_limits(120, largest_file_bytes=1_000_000, reserve_bytes=0))
    (world.parts["alpha", "data"].data / "large").write_bytes(b"x" * 2_000_000)
    assert "part alpha data failed" in world.pull().stdout
    world.pass_time(hours=1)
    world.install(limits=make_limits(120, largest_file_bytes=1 << 40, reserve_bytes=1 << 60))
    done = world.pull()
    assert done.returncode == 69
    assert "STORE-FULL" in done.stderr


def test_owners_are_kept_natively_where_root_receives(world: StoreWorld) -> None:
    world.install(ownership=Ownership.NATIVE)
    odd(world.parts["alpha", "data"].data)
    stored = world.root / "store" / world.back_up() / "alpha@+srv+data"
    assert (stored / "plain").stat().st_uid == 1234
    assert (stored / "symlink").is_symlink()
    assert (world.root / "store").stat().st_mode & 0o7777 == 0o700
