"""Restoring what a store keeps: by the node itself, and with a permit when the director asks."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from restore_world import RestoreWorld
from store_world import listing, odd

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="data accounts need root")

WHOLE = "restore_data_from_deployment"

WRITER = """#!/bin/bash
# whoever writes as soon as the data has been put back
/usr/bin/rsync "$@" || exit
[[ " $* " != *" --checksum "* ]] || echo somebody >/srv/data/file
"""
KILLER = """#!/bin/bash
[[ "$1" != --server ]] || exec /usr/bin/rsync "$@"
die() {{ kill -9 $(ps -o pid= --sid "$(ps -o sid= -p $$ | tr -d ' ')"); sleep 60; }}
echo >>{file}
count="$(wc -l <{file})"
[[ "$count {when}" != "{call} before" ]] || die
/usr/bin/rsync "$@"
status=$?
[[ "$count {when}" != "{call} after" ]] || die
exit $status
"""


WAITING = """#!/bin/bash
[[ "$1" == --server ]] || {{ touch {reached}; while [[ ! -e {go} ]]; do sleep 0.1; done; }}
exec /usr/bin/rsync "$@"
"""


@pytest.fixture
def world() -> Iterator[RestoreWorld]:
    """A store and a source without capsules, removed afterwards."""
    made = RestoreWorld()
    try:
        yield made
    finally:
        made.close()


def seen(top: Path) -> list[bytes]:
    """What lies there, without the numbers of inodes."""
    return [b"\t".join(line.split(b"\t")[:6] + line.split(b"\t")[8:]) for line in listing(top).splitlines()]


def damage(top: Path) -> None:
    """What happens to data."""
    (top / "plain").write_text("flain")
    (top / "symlink").unlink()
    shutil.rmtree(top / "closed")
    (top / "extra").mkdir()
    (top / "extra" / "new").write_text("newer than the backup")
    (top / "fifo").chmod(0o600)


def test_a_whole_dataset_comes_back_as_it_was(world: RestoreWorld) -> None:
    world.install()
    assert world.faults() == ()
    odd(world.live)
    before = seen(world.live)
    name = world.back_up()
    damage(world.live)
    previewed = world.capsule(f"preview_{WHOLE}")
    assert (previewed.returncode, previewed.stderr) == (0, "")
    assert "  delete   srv/data/extra/new\n" in previewed.stdout
    assert "  restore  srv/data/symlink\n" in previewed.stdout
    assert "  change   srv/data/plain: " in previewed.stdout
    assert previewed.stdout.count("\n") < 12, previewed.stdout
    done = world.capsule(WHOLE)
    assert (done.returncode, done.stderr) == (0, "")
    assert seen(world.live) == before
    assert (world.live / "plain").stat().st_ino == (world.live / "linked").stat().st_ino
    (record,) = world.records()
    assert (record["backup"], record["result"], record["dataset"]) == (name, "complete", "data")
    assert [path.name for path in (world.root / "state" / "restores").iterdir() if path.is_dir()] == []
    assert world.found(Path("/run/capsule/test/sending")) == []


def test_a_point_brings_back_itself_and_deletes_nothing(world: RestoreWorld) -> None:
    world.install()
    point = world.live / "in" / "here"
    point.mkdir(parents=True)
    point.parent.chmod(0o751)
    (point / "one").write_text("one")
    world.back_up()
    shutil.rmtree(world.live / "in")
    (world.live / "file").write_text("written since")
    done = world.capsule("restore_point_some_from_deployment")
    assert (done.returncode, done.stderr) == (0, "")
    (point / "since").touch()
    (point / "one").write_text("eno")
    assert world.capsule("restore_point_some_from_deployment").returncode == 0
    assert (point / "one").read_text() == "one"
    assert (point / "since").exists()
    assert (world.live / "file").read_text() == "written since"
    assert point.parent.stat().st_mode & 0o7777 == 0o751


def test_a_partial_backup_restores_what_it_has_and_says_what_it_lacks(world: RestoreWorld) -> None:
    world.install()
    complete = world.back_up()
    world.pass_time(days=1)
    (world.live / "file").write_text("second day")
    world.parts["beta", "data"].down = True
    assert world.pull().returncode == 10
    assert world.commit().returncode == 10
    partial = f"{world.moment()}.partial"
    (world.live / "file").write_text("third day")
    done = world.capsule(WHOLE, f"{partial}\n")
    assert done.returncode == 0
    assert "THIS BACKUP IS PARTIAL" in done.stderr
    assert "part.beta" not in done.stderr  # what others lack is none of this node's business
    assert (world.live / "file").read_text() == "second day"
    assert world.capsule(WHOLE).returncode == 0
    assert (world.live / "file").read_text() == "alpha data\n"
    world.parts["beta", "data"].down = False
    world.parts["alpha", "data"].down = True
    world.pass_time(days=1)
    world.pull()
    world.commit()
    lacking = world.capsule(WHOLE, f"{world.moment()}.partial\n")
    assert lacking.returncode == 65
    assert "part.alpha@+srv+data.result=failed" in lacking.stderr
    assert "does not hold the dataset" in lacking.stderr
    assert [record["backup"] for record in world.records()][:2] == [partial, complete]


def test_nothing_is_restored_beside_docker_nor_from_damaged_data(world: RestoreWorld) -> None:
    world.install()
    name = world.back_up()
    (world.live / "file").write_text("must stay\n")
    world.start_docker()
    done = world.capsule(WHOLE)
    assert (done.returncode, world.calls) == (75, [])
    assert "is running: stop it first" in done.stderr
    world.stand_in("systemctl", "#!/bin/sh\nexit 1\n")
    assert world.capsule(WHOLE).returncode == 69
    world.stand_in("systemctl", "#!/bin/sh\necho ActiveState=inactive\n")
    lease = Path("/run/capsule/other/lease_nightly")
    world.command("sh", "-ec", f"mkdir -p {lease}; echo docker x >{lease}/held")
    assert world.capsule(WHOLE).returncode == 75
    world.command("rm", "-r", lease)
    stored = world.root / "store" / name / "alpha@+srv+data" / "file"
    times = stored.stat()
    stored.write_text("ahpla data\n")
    os.utime(stored, ns=(times.st_atime_ns, times.st_mtime_ns))
    done = world.capsule(WHOLE)
    assert done.returncode == 65
    assert "not what its manifest says; nothing was restored" in done.stderr
    manifest = world.root / "store" / name / ".capsule" / "alpha@+srv+data.manifest"
    manifest.write_text(manifest.read_text().replace("file", "elif"))
    assert "another one than it should" in world.capsule(WHOLE).stderr
    assert (world.live / "file").read_text() == "must stay\n"


@pytest.mark.parametrize(
    "line",
    ["", "latest\n", "../x\n", "20261120T013000Z/..\n", "20261120T013000Z.partial.partial\n", "20261119T013000Z\n",
     "20261120T013000Z.deleting", "$(id)\n", "x" * 100_000],
)  # fmt: skip
def test_the_sender_serves_only_what_is_stored(world: RestoreWorld, line: str) -> None:
    world.install()
    world.back_up()
    done = world.capsule("send_stored_deployment_alpha", line)
    assert (done.returncode, done.stdout) == (64, "")


def test_a_permit_serves_once_for_one_backup_and_not_for_long(world: RestoreWorld) -> None:
    world.install()
    name = world.back_up()
    (world.live / "file").write_text("later\n")

    def restored() -> tuple[int, str]:
        done = world.capsule("restore_deployment", f"{name}\n")
        return done.returncode, done.stdout

    refused = (77, "result unpermitted\n")
    assert restored() == refused
    permit = world.capsule("permit_restore_deployment", "20261119T013000Z\n")
    assert permit.returncode == 0
    assert restored() == refused
    assert world.capsule("permit_restore_deployment", f"{name}\n").returncode == 0
    file = Path("/run/capsule/test/permits/restore_deployment")
    assert world.command("stat", "--format=%a %U", file).stdout == "600 root\n"
    assert world.command("sh", "-c", f"echo {name} 1 >{file}").returncode == 0
    assert restored() == refused
    assert (world.live / "file").read_text() == "later\n"
    assert world.capsule("permit_restore_deployment", f"{name}\n").returncode == 0
    assert restored() == (0, "part alpha data complete\nresult complete\n")
    assert restored() == (77, f"result restored {world.moment()}\n")
    assert (world.live / "file").read_text() == "alpha data\n"
    # What was restored since, or long ago, is not that backup any more.
    world.pass_time(hours=1)
    assert world.capsule("restore_point_some_from_deployment").returncode == 65
    assert restored() == refused
    world.pass_time(minutes=1)
    assert world.capsule(WHOLE).returncode == 0
    assert restored() == (77, f"result restored {world.moment()}\n")
    world.pass_time(days=2)
    assert restored() == refused
    for word, status in (("none\n", 0), ("latest\n", 64)):
        assert world.capsule("permit_restore_deployment", word).returncode == status
        assert restored() == refused
    assert (world.live / "file").read_text() == "alpha data\n"
    world.start_docker()
    assert world.capsule("permit_restore_deployment", f"{name}\n").returncode == 0
    assert restored() == (69, "part alpha data failed\nresult failed\n")
    assert restored() == refused


def test_nobody_starts_what_is_stopped_while_a_restore_runs(world: RestoreWorld) -> None:
    fleet = world.install(docker_control=True)
    world.add_pauses(fleet)
    world.back_up()
    (world.live / "file").write_text("later\n")
    reached, go = world.root / "reached", world.root / "go"
    world.stand_in("rsync", WAITING.format(reached=reached, go=go))
    restoring = world.start_capsule(WHOLE, "latest\n")
    while not reached.exists():
        assert restoring.poll() is None
        time.sleep(0.05)
    # What a director may order meanwhile, and what a person may do by mistake.
    orders = {"start_docker": "", "stop_docker": "", "pause": "now\n"}
    ordered = [world.start_capsule(f"{verb}_deployment", said) for verb, said in orders.items()]
    assert [one.wait(120) for one in ordered] == [75, 75, 75]
    assert (world.live / "file").read_text() == "later\n"
    go.touch()
    assert restoring.wait(120) == 0
    assert (world.live / "file").read_text() == "alpha data\n"
    started = world.capsule("start_docker_deployment", "")
    assert (started.returncode, started.stdout) == (0, "nothing\n")


def test_on_a_terminal_it_lists_what_there_is_and_asks(world: RestoreWorld) -> None:
    world.install()
    first = world.back_up()
    world.pass_time(days=1)
    (world.live / "file").write_text("second day\n")
    second = world.back_up()
    terminal, keyboard = os.openpty()
    os.write(terminal, f"{first}\n".encode())
    asked = subprocess.run(
        world.entering(world.programs / WHOLE),
        stdin=keyboard,
        stderr=subprocess.PIPE,
        text=True,
        timeout=120,
        check=False,
    )
    os.close(terminal)
    os.close(keyboard)
    assert asked.returncode == 0, asked.stderr
    assert f"Backups of data:\n{first}\n{second}\nWhich one (or: latest)? " in asked.stderr
    assert (world.live / "file").read_text() == "alpha data\n"


def test_what_does_not_fit_is_not_begun(world: RestoreWorld) -> None:
    world.install()
    (world.live / "large").write_bytes(b"x" * 3_000_000)
    world.back_up()
    (world.live / "large").write_text("must stay")
    restores = world.root / "state" / "restores"
    mounted = world.command("sh", "-ec", f"mkdir -p {restores}; mount -t tmpfs -o size=1m small {restores}")
    assert mounted.returncode == 0, mounted.stderr
    done = world.capsule(WHOLE)
    assert (done.returncode, "RESTORE-NO-SPACE" in done.stderr) == (73, True), done.stderr
    assert f'directory="{restores}" needed="3000011"' in done.stderr
    assert (world.live / "large").read_text() == "must stay"
    world.command("umount", restores)
    assert world.capsule(WHOLE).returncode == 0
    assert (world.live / "large").stat().st_size == 3_000_000


def test_what_somebody_writes_meanwhile_is_said(world: RestoreWorld) -> None:
    world.install()
    world.back_up()
    (world.live / "file").write_text("later\n")
    world.stand_in("rsync", WRITER)
    done = world.capsule(WHOLE)
    assert (done.returncode, "RESTORE-DIFFERS" in done.stderr) == (10, True), done.stderr
    assert "srv/data/file" in done.stderr
    assert world.records()[0]["result"] == "differs"
    world.real_tool("rsync")
    assert world.capsule(WHOLE).returncode == 0
    assert (world.live / "file").read_text() == "alpha data\n"


@pytest.mark.parametrize("step", ["before 1", "after 1", "before 2", "after 2", "before 3", "after 3"])
def test_a_restore_that_is_killed_is_simply_run_again(world: RestoreWorld, step: str) -> None:
    world.install()
    odd(world.live)
    before = seen(world.live)
    world.back_up()
    damage(world.live)
    when, call = step.split()
    world.stand_in("rsync", KILLER.format(file=world.root / "counted", when=when, call=call))
    process = world.start_capsule(WHOLE, "latest\n")
    assert process.wait(120) == -9
    world.real_tool("rsync")
    done = world.capsule(WHOLE)
    assert (done.returncode, done.stderr) == (0, "")
    assert seen(world.live) == before
    assert [path.name for path in (world.root / "state" / "restores").iterdir() if path.is_dir()] == []


def test_production_is_restored_into_staging_by_moving_the_volume(world: RestoreWorld) -> None:
    fleet = world.install()
    odd(world.live)
    before = seen(world.live)
    name = world.back_up()
    damage(world.live)
    stored = listing(world.root / "store")
    world.move_to_staging(fleet)
    done = world.capsule(WHOLE)
    assert (done.returncode, done.stderr) == (0, "")
    assert seen(world.live) == before
    assert world.records()[0]["backup"] == name
    # It reads what is production's, and adds nothing to it.
    refused = world.capsule("pull_deployment", f"{world.moment(60)}\n")
    assert (refused.returncode, refused.stdout) == (78, "result failed\n")
    assert "it belongs to another plan: give this one a store of its own" in refused.stderr
    assert 'owner="test/deployment" here="uat-test/deployment"' in refused.stderr
    committed = world.capsule("commit_deployment", f"{world.moment()} complete\n")
    assert committed.returncode == 78
    assert listing(world.root / "store") == stored
    # Root may hand it over.
    (world.root / "store/.capsule/owner").unlink()
    assert world.capsule("pull_deployment", f"{world.moment(60)}\n").returncode != 78
    assert (world.root / "store/.capsule/owner").read_text() == "uat-test/deployment\n"
