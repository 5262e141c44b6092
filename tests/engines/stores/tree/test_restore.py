"""Restores: from the local tree, from the collecting node and the second site, also when they are interrupted."""

from __future__ import annotations

import os
import random
import shutil
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from generator.engines.producers.paths import PathsSettings
from generator.engines.stores.tree import ENGINE
from generator.inventory.model import Dataset, Ownership, RestorePoint
from generator.plan import Origin

from .network_world import SOURCES, TODAY, World, day, kill_group, manifest

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="restores need root")
ORIGIN = Origin(path="test")
# What a line does that breaks in the middle of the data, long after the list of backups came over it.
BREAK = """\
        os.write(1, data)
        total = globals().get("total", 0) + len(data)
        if total > 1_000_000:
            print("client_loop: broken\\033 pipe", file=sys.stderr, flush=True)
            os._exit(255)
"""


@pytest.fixture
def live(world: World) -> Path:
    """A directory of data, backed up, collected and collected again by the second site."""
    data = world.root / "live" / "etc"
    dataset = Dataset(
        name="conf",
        producer="paths",
        settings=PathsSettings(paths=(str(data),), exclude=("cache/",)),
        mountpoint=None,
        canary=None,
        shrink_limit_percent=50,
        origin=ORIGIN,
    )
    point = RestorePoint(name="one", dataset="conf", path=str(data / "a b" / "f"), source="offsite", origin=ORIGIN)
    sources = [replace(world.node(name, (dataset,)), restore_points=(point,)) for name in SOURCES]
    fleet = world.fleet(nodes=[*sources, world.node("collector"), world.node("second")])
    parts = list(ENGINE.protect(fleet, fleet.protect_plans[0]))
    for plan in fleet.collect_plans:
        parts += ENGINE.collect(fleet, plan)
    world.install(fleet, parts)
    (data / "a b").mkdir(parents=True)
    (data / "a b").chmod(0o751)
    (data / "a b" / "f").write_text("right")
    os.utime(data / "a b" / "f", (1_000_000_000, 1_000_000_000))
    os.link(data / "a b" / "f", data / "linked")
    os.chown(data / "linked", 5, 6)
    (data / "symlink").symlink_to("nowhere")
    (data / "big").write_bytes(random.Random(1).randbytes(30_000_000))
    (data / "cache").mkdir()
    for node, name in (
        ("alpha", "backup_nightly"),
        ("beta", "backup_nightly"),
        ("collector", "collect_collection"),
        ("second", "collect_offsite"),
    ):
        done = world.run(node, name)
        assert (done.returncode, done.stderr) == (0, "")
    return data


def content(directory: Path) -> list[bytes]:
    """What is there, by a walker of our own, without inode numbers."""
    lines = [line.split(b"\t") for line in manifest(directory).splitlines()]
    return [b"\t".join(line[:6] + line[7:]) for line in lines]


CAPSULES = [
    ("restore_latest_conf", ""),
    ("restore_conf", day(0)),
    ("restore_conf", "latest"),
    ("restore_conf_from_collection", "latest\n"),
    ("restore_conf_from_offsite", f"{day(0)}\n"),
]


def test_every_way_back_gives_the_same(world: World, live: Path) -> None:
    expected = content(live)
    for capsule, answer in CAPSULES:
        (live / "extra").write_text("was not there")
        (live / "a b" / "f").write_text("WRONG")  # as long and as old as what is right
        os.utime(live / "a b" / "f", (1_000_000_000, 1_000_000_000))
        (live / "symlink").unlink()
        done = world.run("alpha", capsule, stdin=answer)
        assert (done.returncode, done.stderr) == (0, ""), capsule
        assert content(live) == expected, capsule
        assert (live / "linked").samefile(live / "a b" / "f")
    records = list((world.own_path("alpha") / "state" / "restores").iterdir())
    assert len(records) == len(CAPSULES)
    assert all("result=complete" in record.read_text() for record in records)


def test_an_empty_node_gets_everything_and_a_point_gets_itself(world: World, live: Path) -> None:
    (live / "cache").rmdir()
    os.utime(live, (1_000_000_000, 1_000_000_000))
    shutil.rmtree(live.parent)
    done = world.run("alpha", "restore_point_one_from_offsite", stdin="latest")
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(path.name for path in live.parent.rglob("*")) == ["a b", "etc", "f"]
    assert ((live / "a b" / "f").read_text(), (live / "a b" / "f").stat().st_uid) == ("right", 5)
    assert (live / "a b").stat().st_mode & 0o777 == 0o751
    shutil.rmtree(live.parent)
    assert world.run("alpha", "restore_conf_from_offsite", stdin="latest").returncode == 0
    assert (live / "big").read_bytes() == random.Random(1).randbytes(30_000_000)
    assert (live / "linked").samefile(live / "a b" / "f")


def test_what_only_an_installation_changes_is_neither_saved_nor_put_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = world.root / "live" / "etc"
    table = data / "cron.d" / "capsule-test"
    dataset = Dataset(
        name="conf",
        producer="paths",
        settings=PathsSettings(paths=(str(data),)),
        mountpoint=None,
        canary=None,
        shrink_limit_percent=50,
        origin=ORIGIN,
    )
    point = RestorePoint(name="cron", dataset="conf", path=str(table.parent), source="nightly", origin=ORIGIN)
    fleet = world.fleet(
        nodes=[
            *(replace(world.node(name, (dataset,)), restore_points=(point,)) for name in SOURCES),
            world.node("collector"),
            world.node("second"),
        ]
    )
    table.parent.mkdir(parents=True)
    table.write_text("of an older build")
    (table.parent / "other").write_text("right")

    def install() -> None:
        parts = list(ENGINE.protect(fleet, fleet.protect_plans[0]))
        for plan in fleet.collect_plans:
            parts += ENGINE.collect(fleet, plan)
        world.install(fleet, parts)

    install()
    assert world.run("alpha", "backup_nightly").returncode == 0
    assert world.run("collector", "collect_collection").returncode in (0, 10)
    monkeypatch.setattr("generator.engines.capsules.cron_path", lambda _: str(table))
    install()
    for capsule in ("restore_conf", "restore_conf_from_collection", "restore_point_cron_from_nightly"):
        table.write_text("of this build")
        (table.parent / "other").write_text("wrong")
        done = world.run("alpha", capsule, stdin="latest")
        assert done.returncode == 0, done.stderr
        assert (table.read_text(), (table.parent / "other").read_text()) == ("of this build", "right")
    assert world.run("beta", "backup_nightly").returncode == 0
    saved = world.own_path("beta") / "backups" / day(0) / "conf" / str(table.parent).lstrip("/")
    assert [path.name for path in saved.iterdir()] == ["other"]


def test_what_was_linked_once_is_whole_everywhere(world: World, live: Path) -> None:
    """rsync links two equal files to the two names of one old file: the content is right, and no store complains."""
    shutil.copy2(live / "linked", live / "copy")
    (live / "linked").unlink()
    (live / "copy").rename(live / "linked")
    os.chown(live / "linked", 5, 6)
    world.set_today(TODAY + timedelta(days=1))
    expected = content(live)
    for node, name in (
        ("alpha", "backup_nightly"),
        ("beta", "backup_nightly"),
        ("collector", "collect_collection"),
        ("second", "collect_offsite"),
    ):
        done = world.run(node, name)
        assert (done.returncode, done.stderr) == (0, "")
    kept = world.local_tree("alpha") / day(1) / "conf" / str(live).removeprefix("/")
    assert (kept / "linked").samefile(kept / "a b" / "f")
    assert not (live / "linked").samefile(live / "a b" / "f")
    for capsule, answer in CAPSULES:
        if answer != day(0):
            (live / "linked").write_text("WRONG")
            done = world.run("alpha", capsule, stdin=answer.replace(day(0), day(1)))
            assert (done.returncode, done.stderr) == (0, ""), capsule
            assert content(live) == expected, capsule


def test_a_collector_that_links_more_than_the_source_does_not_fail_for_ever(world: World, live: Path) -> None:
    """The source copied anew what its old backup had linked; the collector still has the old one to link to."""
    tree = world.local_tree("alpha")
    shutil.rmtree(tree / day(0))
    shutil.copy2(live / "linked", live / "copy")
    (live / "copy").rename(live / "linked")
    os.chown(live / "linked", 5, 6)
    world.set_today(TODAY + timedelta(days=1))
    for node, name in (("alpha", "backup_nightly"), ("beta", "backup_nightly"), ("collector", "collect_collection")):
        done = world.run(node, name)
        assert (done.returncode, done.stderr) == (0, "")
    source, copy = (
        top / day(1) / "conf" / str(live).removeprefix("/") for top in (tree, world.root / "collector/store/alpha")
    )
    assert not (source / "linked").samefile(source / "a b" / "f")
    assert (copy / "linked").samefile(copy / "a b" / "f")
    (live / "linked").write_text("WRONG")
    done = world.run("alpha", "restore_conf_from_collection", stdin="latest")
    assert (done.returncode, done.stderr) == (0, "")
    assert (live / "linked").read_text() == "right"


@pytest.mark.parametrize("answer", ["", "../x", "2026-01-01", "latest;id", f"{day(0)}.partial", "-rf", "*"])
def test_only_a_backup_that_exists_is_an_answer(world: World, live: Path, answer: str) -> None:
    before = content(live)
    for capsule in ("restore_conf", "restore_conf_from_collection"):
        assert world.run("alpha", capsule, stdin=answer).returncode == 64
    assert content(live) == before


def test_a_restore_says_what_it_removes_and_how_long_it_may_take(world: World, live: Path) -> None:
    for number in range(21):
        (live / f"later {number}\n").write_text("newer than the backup")
    (live / "cache" / "kept").write_text("excluded")
    done = world.run("alpha", "restore_latest_conf")
    assert (done.returncode, done.stderr) == (0, "")
    assert [path.name for path in live.iterdir() if path.name.startswith("later")] == []
    log = (world.own_path("alpha") / "logs" / "restore_latest_conf.log").read_text()
    assert "EXTRA-REMOVED removed 21 entries that the backup does not have" in log
    assert log.count("EXTRA-REMOVED removed path=") == 20
    assert f'path="{live}/later 2' in log
    assert 'time_limit="24 h"' in log
    assert world.run("alpha", "restore_latest_conf").returncode == 0
    log = (world.own_path("alpha") / "logs" / "restore_latest_conf.log").read_text()
    assert log.count("EXTRA-REMOVED") == 21


def test_a_lock_that_cannot_be_made_is_not_called_held(world: World, live: Path) -> None:
    shutil.rmtree(world.own_path("alpha") / "state" / "locks")
    done = world.run("alpha", "restore_latest_conf")
    assert done.returncode == 73
    assert "LOCK-UNUSABLE" in done.stderr and "LOCK-HELD" not in done.stderr and live.exists()


def test_an_unreachable_server_is_logged_with_its_last_words(world: World, live: Path) -> None:
    world._write_tool("ssh", "#!/bin/bash\nprintf 'ssh: no route\\033 to host\\n' >&2\nexit 255\n")
    done = world.run("alpha", "restore_conf_from_collection", stdin="latest")
    assert done.returncode == 69, done.stderr
    log = (world.own_path("alpha") / "logs" / "restore_conf_from_collection.log").read_text()
    assert "RESTORE-UNREACHABLE" in log
    assert "ssh: no route? to host" in log
    assert "\x1b" not in log + done.stderr and live.exists()
    world._write_tool("ssh", "#!/bin/bash\necho 'root@store: Permission denied (publickey).' >&2\nexit 255\n")
    refused = world.run("alpha", "restore_conf_from_collection", stdin="latest")
    assert refused.returncode == 69
    assert "the node that has the backups: the key is not accepted there: that node or this one" in refused.stderr


def test_a_transfer_that_fails_is_logged_with_its_last_words(world: World, live: Path) -> None:
    relay = (world.root / "bin" / "ssh").read_text()
    broken = relay.replace("        os.write(1, data)\n", BREAK)
    assert broken != relay
    world._write_tool("ssh", broken)
    done = world.run("alpha", "restore_conf_from_collection", stdin="latest")
    assert done.returncode == 69, done.stderr
    log = (world.own_path("alpha") / "logs" / "restore_conf_from_collection.log").read_text()
    (failure,) = [line for line in log.splitlines() if "RESTORE-TRANSFER-FAILED" in line]
    assert "client_loop: broken? pipe" in failure
    assert "client_loop: broken? pipe" in done.stderr and "\x1b" not in log + done.stderr
    assert live.exists()
    world._write_tool("ssh", relay)
    assert world.run("alpha", "restore_conf_from_collection", stdin="latest").returncode == 0


def test_a_damaged_backup_touches_nothing(world: World, live: Path) -> None:
    for damaged in (world.local_tree("alpha"), world.root / "collector" / "store" / "alpha"):
        (big,) = (damaged / day(0)).rglob("big")
        with big.open("r+b") as file:
            file.write(b"damage")
    (live / "a b" / "f").write_text("newer than the backup")
    before = content(live)
    for capsule in ("restore_conf", "restore_conf_from_collection"):
        done = world.run("alpha", capsule, stdin="latest")
        assert (done.returncode, "RESTORE-BACKUP-DAMAGED" in done.stderr) == (65, True)
    assert content(live) == before
    assert world.run("alpha", "restore_conf_from_offsite", stdin="latest").returncode == 0


def test_a_partial_backup_is_restored_only_by_name_and_loudly(world: World, live: Path) -> None:
    tree = world.local_tree("alpha")
    (tree / day(0)).rename(tree / f"{day(0)}.partial")
    assert world.run("alpha", "restore_latest_conf").returncode == 69
    (live / "a b" / "f").unlink()
    done = world.run("alpha", "restore_conf", stdin=f"{day(0)}.partial")
    assert (done.returncode, "THIS BACKUP IS PARTIAL" in done.stderr) == (0, True)
    assert (live / "a b" / "f").read_text() == "right"


@pytest.mark.parametrize("ownership", list(Ownership))
def test_wildcards_in_paths_are_letters(world: World, ownership: Ownership) -> None:
    """A daemon of rsync would glob them, the shell and filters too; backslashes are where escaping goes wrong."""
    data = world.root / "live" / "[etc]*?" / "back\\slash"
    wanted, decoys = data / "[ab]\\*?", [data / name for name in ("a", "b", "a\\xy", "[ab]\\xy", "[ab]*?")]
    dataset = Dataset(
        name="conf",
        producer="paths",
        # the language refuses a wildcard in a path; capsules take it for a letter all the same
        settings=PathsSettings.model_construct(paths=(str(data),)),
        mountpoint=None,
        canary=None,
        shrink_limit_percent=50,
        origin=ORIGIN,
    )
    points = tuple(
        RestorePoint(name=f"one-{plan}", dataset="conf", path=str(wanted), source=plan, origin=ORIGIN)
        for plan in ("collection", "offsite")
    )
    sources = [replace(world.node(name, (dataset,)), restore_points=points) for name in SOURCES]
    fleet = world.fleet(nodes=[*sources, world.node("collector"), world.node("second")], ownership=ownership)
    parts = list(ENGINE.protect(fleet, fleet.protect_plans[0]))
    for plan in fleet.collect_plans:
        parts += ENGINE.collect(fleet, plan)
    world.install(fleet, parts)
    for directory in (wanted, *decoys):
        directory.mkdir(parents=True)
        (directory / "file").write_text(directory.name)
        os.chown(directory / "file", 12, 34)
    for node, name in (
        ("alpha", "backup_nightly"),
        ("beta", "backup_nightly"),
        ("collector", "collect_collection"),
        ("second", "collect_offsite"),
    ):
        done = world.run(node, name)
        assert (done.returncode, done.stderr) == (0, "")
    expected = content(data)
    for plan in ("collection", "offsite"):
        for directory in (wanted, *decoys):
            (directory / "file").write_text("wrong")
        done = world.run("alpha", f"restore_point_one-{plan}_from_{plan}", stdin="latest")
        assert (done.returncode, done.stderr) == (0, "")
        assert [(directory / "file").read_text() for directory in (wanted, *decoys)] == [wanted.name, *["wrong"] * 5]
    for capsule in ("restore_conf", "restore_conf_from_collection", "restore_conf_from_offsite"):
        shutil.rmtree(data.parent)
        done = world.run("alpha", capsule, stdin="latest")
        assert (done.returncode, done.stderr) == (0, "")
        assert content(data) == expected


def test_half_a_file_of_a_killed_restore_is_not_restored(world: World, live: Path) -> None:
    expected = content(live)
    staging = world.own_path("alpha") / "state" / "restores" / f"staging.restore_conf_from_collection.{day(0)}"
    half = staging / "conf" / str(live).removeprefix("/") / ".big.AbCdEf"
    half.parent.mkdir(parents=True)
    half.write_bytes(b"half")
    (half.parent / "big").write_bytes((live / "big").read_bytes()[:1_000_000])
    assert world.run("alpha", "restore_conf_from_collection", stdin="latest").returncode == 0
    assert content(live) == expected


def test_a_killed_restore_is_simply_run_again(world: World, live: Path) -> None:
    seed = 20261120
    chance = random.Random(seed)
    expected = content(live)
    capsule = world.capsule("alpha", "restore_latest_conf")
    from_offsite = world.capsule("alpha", "restore_conf_from_offsite")
    from_offsite.write_text(from_offsite.read_text().replace("IFS= read -r -t 300 -n 64 answer", "answer=latest"))
    for name in (capsule.name, from_offsite.name):
        for _ in range(3):
            (live / "big").unlink(missing_ok=True)
            process = world.start("alpha", name)
            time.sleep(chance.uniform(0.1, 1.0))
            kill_group(process)
        time.sleep(0.5)
        assert world.run("alpha", name).returncode == 0, f"seed {seed}"
        assert content(live) == expected
