"""LVM, stood in for by loop devices: what it says when things go wrong is what counts here."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest
from source_world import HERE, Source, identifier, kill_group, make_part
from volumes import make_volume, remove_volumes, say_of

from generator.engines.discovery import quiescers
from generator.inventory.model import Quiescer

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="capsules are for root")
SNAPSHOT = "capsule-test-deployment-app"
FAILED = (74, "snapshot app failed\nresult failed\n")


@pytest.fixture
def lvm(source: Source) -> Iterator[Source]:
    """A logical volume at ``fs``, of which ``fs/app`` is a dataset, mounted at a place of its own."""
    make_volume(source)
    options = {"group": "vg", "volume": "lv", "size": "1G", "mount": f"{source.root}/snapshot"}
    source.install(make_part("app", f"{source.root}/fs/app", "lvm", **options))
    yield source
    remove_volumes(source)


@pytest.fixture
def thin(lvm: Source) -> Source:
    """The same, said to be thin."""
    options = {"group": "vg", "volume": "lv", "data_limit": 70, "metadata_limit": 60}
    lvm.install(make_part("app", f"{lvm.root}/fs/app", "lvm-thin", **options))
    return lvm


def volumes(source: Source) -> list[str]:
    return sorted(source.command("ls", "/dev/vg").stdout.split())


def test_only_the_datasets_directory_is_sent_from_the_frozen_volume(lvm: Source) -> None:
    assert [str(fault) for fault in lvm.faults()] == []
    prepared = lvm.prepare()
    assert (prepared.returncode, prepared.stdout) == (0, "snapshot app taken\nresult complete\n"), prepared.stderr
    called = (lvm.root / "volumes" / "calls").read_text()
    assert called == (
        f"--yes --quiet --snapshot --permission r --size {1 << 30}b --name {SNAPSHOT} "
        "--addtag capsule:test/deployment/app -- vg/lv\n"
    )
    lvm.command("sh", "-c", f"echo later >{lvm.root}/fs/app/file; sync -f {lvm.root}/fs")
    assert lvm.record("app")["health"] == "intact"
    fetched = lvm.fetch("app", "data")
    assert fetched is not None
    assert [path.name for path in fetched.iterdir()] == ["file"]
    assert (fetched / "file").read_text() == "one\n"
    options = lvm.command("findmnt", "-no", "OPTIONS", f"{lvm.root}/snapshot").stdout.strip().split(",")
    assert {"ro", "noatime", "nodev", "nosuid", "noexec", "norecovery"} <= set(options)
    removed = lvm.remove()
    assert (removed.returncode, removed.stdout) == (0, "snapshot app removed\nresult complete\n"), removed.stderr
    assert (volumes(lvm), lvm.mounts()) == (["lv"], [])


@pytest.mark.parametrize(
    "facts",
    [{"lv_snapshot_invalid": "1"}, {"data_percent": "100.00"}, {"data_percent": ""}, {"lv_attr": "Sri-Ios---"}],
    ids=str,
)
def test_an_overflow_breaks_the_part_and_stays_broken(lvm: Source, facts: dict[str, str]) -> None:
    lvm.prepare()
    assert lvm.record("app")["health"] == "intact"
    say_of(lvm, SNAPSHOT, **facts)
    record = lvm.record("app")
    assert (record["health"], record["why"]) == ("broken", "the snapshot is damaged, overflowed or gone")
    assert "SNAPSHOT-OVERFLOWED" in lvm.log("send_deployment_app")
    for field in facts:
        (lvm.root / "volumes" / f"{SNAPSHOT}.{field}").unlink()
    assert lvm.record("app")["health"] == "broken"
    assert lvm.remove().returncode == 0
    assert lvm.prepare(identifier(2)).returncode == 0
    assert lvm.record("app")["health"] == "intact"


def test_a_snapshot_that_overflows_at_once_or_has_no_room_is_failed(lvm: Source) -> None:
    say_of(lvm, SNAPSHOT, lv_snapshot_invalid="1")
    prepared = lvm.prepare()
    assert (prepared.returncode, prepared.stdout) == FAILED
    assert volumes(lvm) == ["lv"]
    (lvm.root / "volumes" / "full").touch()
    prepared = lvm.prepare(identifier(2))
    assert (prepared.returncode, prepared.stdout) == FAILED
    assert "Insufficient free space" in prepared.stderr
    assert lvm.fetch("app", "record") is None


def test_a_transfer_ends_when_the_snapshot_overflows(lvm: Source) -> None:
    text = (lvm.root / "bin" / "send_deployment_app").read_text()
    (lvm.root / "bin" / "send_deployment_app").write_text(text.replace("look_seconds=15", "look_seconds=1"))
    lvm.prepare()
    assert lvm.record("app")["health"] == "intact"
    sender = lvm.start("send_deployment_app", keep_open=True)
    time.sleep(3)
    assert sender.poll() is None
    say_of(lvm, SNAPSHOT, lv_snapshot_invalid="1")
    sender.wait(timeout=30)
    assert "SEND-ABANDONED" in lvm.log("send_deployment_app")


def test_a_volume_of_that_name_that_is_not_ours_is_left_alone(lvm: Source) -> None:
    lvm.prepare()
    lvm.command("umount", f"{lvm.root}/snapshot")
    for seconds, marks in enumerate(("other|lv", "capsule:test/deployment/app|another", "|"), start=2):
        (lvm.root / "volumes" / f"{SNAPSHOT}.marks").write_text(marks)
        assert lvm.remove().returncode == 10
        assert (lvm.prepare(identifier(seconds)).returncode, volumes(lvm)) == (74, [SNAPSHOT, "lv"])
        assert "SNAPSHOT-FOREIGN" in lvm.log("prepare_deployment")


def test_data_that_is_not_on_the_volume_is_not_saved(lvm: Source) -> None:
    lvm.command("sh", "-c", f"umount {lvm.root}/fs; mkdir -p {lvm.root}/fs/app")
    prepared = lvm.prepare()
    assert (prepared.returncode, prepared.stdout) == FAILED
    assert "DATA-ELSEWHERE" in prepared.stderr
    assert volumes(lvm) == ["lv"]


def test_a_killed_prepare_leaves_nothing_that_the_next_one_trips_over(lvm: Source) -> None:
    (lvm.root / "volumes" / "slow").touch()
    for seconds, moment in ((1.5, 2), (4.5, 4)):
        killed = lvm.start("prepare_deployment", f"{identifier(moment)}\n")
        time.sleep(seconds)
        kill_group(killed)
    (lvm.root / "volumes" / "slow").unlink()
    time.sleep(4)  # the stand-in does not die with its caller's group as the kernel's part of LVM would not either
    assert lvm.remove().returncode == 0
    assert (volumes(lvm), lvm.mounts()) == (["lv"], [])
    assert lvm.prepare(identifier(6)).returncode == 0
    assert lvm.record("app")["health"] == "intact"


def test_lvm_is_not_ended_with_its_run_while_it_holds_the_live_volume_still(lvm: Source) -> None:
    state = lvm.root / "volumes" / "state"
    lvm.stand_in("lvcreate", f"echo frozen >{state}; sleep 4; echo released >{state}")
    running = lvm.start("prepare_deployment", f"{identifier()}\n")
    for _ in range(200):
        if state.exists():
            break
        time.sleep(0.05)
    kill_group(running)
    time.sleep(6)
    assert state.read_text() == "released\n"


@pytest.mark.parametrize(
    "facts",
    [
        {"data_percent": "70.00"},
        {"metadata_percent": "99.1"},
        {"data_percent": ""},
        {"lv_health_status": "out_of_data"},
    ],
    ids=str,
)
def test_a_pool_that_is_too_full_gets_no_snapshot_and_ends_one(thin: Source, facts: dict[str, str]) -> None:
    say_of(thin, "pool", **facts)
    prepared = thin.prepare()
    assert (prepared.returncode, prepared.stdout) == FAILED
    assert not (thin.root / "volumes" / "calls").exists()
    for field in facts:
        (thin.root / "volumes" / f"pool.{field}").unlink()
    say_of(thin, "lv", data_percent="99")  # of the volume, not of its pool
    say_of(thin, SNAPSHOT, lv_attr="Vri-aotz--", data_percent="99")
    prepared = thin.prepare(identifier(2))
    assert prepared.returncode == 0, prepared.stderr
    assert "--setactivationskip n --activate y" in (thin.root / "volumes" / "calls").read_text()
    assert thin.record("app")["health"] == "intact"
    say_of(thin, "pool", **facts)
    assert thin.record("app")["health"] == "broken"
    assert thin.remove().returncode == 0


def test_a_pool_that_fills_up_while_nobody_sends_loses_the_snapshot(thin: Source) -> None:
    assert [str(fault) for fault in thin.faults()] == []
    capsule = thin.root / "bin" / "prepare_deployment"
    capsule.write_text(capsule.read_text().replace("glance_seconds=15", "glance_seconds=1"))
    say_of(thin, SNAPSHOT, lv_attr="Vri-aotz--")
    assert thin.prepare().returncode == 0
    assert thin.record("app")["health"] == "intact"
    time.sleep(3)
    assert volumes(thin) == [SNAPSHOT, "lv"]
    say_of(thin, "pool", data_percent="85.00")
    for _ in range(60):
        if volumes(thin) == ["lv"]:
            break
        time.sleep(0.5)
    assert (volumes(thin), thin.mounts()) == (["lv"], [])
    assert "SNAPSHOT-GIVEN-UP" in thin.log("prepare_deployment")
    assert thin.fetch("app", "record") is None
    guard = ("pgrep", "-f", f"bash.*{thin.root}/state")
    assert thin.command(*guard).stdout != ""
    assert thin.remove().returncode == 0
    time.sleep(3)
    assert thin.command(*guard).stdout == ""


def test_a_volume_that_was_left_suspended_is_said_and_not_touched(lvm: Source) -> None:
    say_of(lvm, "lv", lv_suspended="1")
    prepared = lvm.prepare()
    assert (prepared.returncode, prepared.stdout) == FAILED
    assert "VOLUME-SUSPENDED" in prepared.stderr
    assert not (lvm.root / "volumes" / "calls").exists()
    assert lvm.remove().returncode == 10
    (lvm.root / "volumes" / "lv.lv_suspended").unlink()
    assert lvm.prepare(identifier(2)).returncode == 0


def test_a_volume_that_our_own_lvcreate_left_suspended_is_resumed(lvm: Source) -> None:
    marks = lvm.root / "volumes"
    lvm.stand_in("lvcreate", f"echo 1 >{marks}/lv.lv_suspended; exit 5")
    lvm.stand_in("lvchange", f'printf "%s" "$*" >{marks}/changed; echo 0 >{marks}/lv.lv_suspended')
    prepared = lvm.prepare()
    assert (prepared.returncode, prepared.stdout) == FAILED
    assert "VOLUME-SUSPENDED" in prepared.stderr
    assert (marks / "changed").read_text() == "--refresh -- vg/lv"


def wait_for(source: Source, event: str) -> None:
    """Until the guard has logged it; whoever asks looks whether it has."""
    for _ in range(60):
        if event in source.log("prepare_deployment"):
            break
        time.sleep(0.5)
    assert event in source.log("prepare_deployment")


def test_snapshots_that_nobody_removes_go_by_themselves_once_nobody_reads_them(lvm: Source) -> None:
    capsule = lvm.root / "bin" / "prepare_deployment"
    text = capsule.read_text().replace("glance_seconds=15", "glance_seconds=1")
    text = text.replace("due=$(( SECONDS + 600 ))", "due=$(( SECONDS + 1 ))")
    capsule.write_text(text.replace("keep_seconds='300'", "keep_seconds=2"))
    assert lvm.prepare().returncode == 0
    sender = lvm.start("send_deployment_app", keep_open=True)
    time.sleep(5)
    assert sender.poll() is None
    assert volumes(lvm) == [SNAPSHOT, "lv"]
    # somebody else uses it: that is said, and tried again
    in_use = lvm.root / "volumes" / "in-use"
    in_use.touch()
    assert sender.stdin is not None
    sender.stdin.close()
    sender.wait(timeout=30)
    wait_for(lvm, "SNAPSHOTS-STAY")
    assert volumes(lvm) == [SNAPSHOT, "lv"]
    in_use.unlink()
    wait_for(lvm, "SNAPSHOTS-EXPIRED")
    assert (volumes(lvm), lvm.mounts()) == (["lv"], [])
    assert lvm.fetch("app", "record") is None
    assert "SNAPSHOTS-EXPIRED" in lvm.log("prepare_deployment")
    for _ in range(20):
        if not lvm.command("pgrep", "-f", f"bash.*{lvm.root}/state").stdout:
            break
        time.sleep(0.5)
    assert lvm.command("pgrep", "-f", f"bash.*{lvm.root}/state").stdout == ""


def test_a_source_says_itself_whether_it_stood_still(lvm: Source) -> None:
    docker = Quiescer(name="docker", engine="docker", settings=quiescers()["docker"].settings(), origin=HERE)
    lvm.quiescers = (docker,)
    options = {"group": "vg", "volume": "lv", "size": "1G"}
    lvm.install(make_part("app", f"{lvm.root}/fs/app", "lvm", **options), make_part("live", f"{lvm.root}/fs/app"))
    assert [str(fault) for fault in lvm.faults()] == []
    lease = "/run/capsule/test/lease_deployment"
    end = int(time.monotonic() * 100)
    for moment, script, verdict in (
        (0, ":", "degraded"),
        (2, f"echo 7 0 {end + 9000} >lease; echo 0 0 >paused", "taken"),
        (4, f"echo 7 0 {end - 100} >lease", "degraded"),
    ):
        lvm.command("sh", "-c", f"mkdir -p {lease}; cd {lease}; {script}")
        answered = lvm.prepare(identifier(moment)).stdout.splitlines()
        assert answered[:2] == [f"snapshot app {verdict}", "snapshot live taken"]
    assert (lvm.record("app")["result"], lvm.record("live")["result"]) == ("partial", "complete")


def test_a_tool_that_does_not_answer_is_named(lvm: Source) -> None:
    lvm.stand_in("lvcreate", "sleep 9")
    capsule = lvm.root / "bin" / "prepare_deployment"
    capsule.write_text(capsule.read_text().replace("deadline='60'", "deadline='6'"))
    prepared = lvm.prepare()
    assert (prepared.returncode, prepared.stdout) == FAILED
    assert "it did not answer before the time of this run was over" in prepared.stderr
    assert "lvcreate" in prepared.stderr
