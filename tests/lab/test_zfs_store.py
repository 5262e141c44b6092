"""A store on the kernel's own ZFS: pool, snapshots, bookmarks, holds, activation and scrub."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fleets import (
    make_dataset,
    make_directed,
    make_fleet,
    make_limits,
    make_node,
    make_retention,
    make_schedule,
    make_store,
)
from rendered import rendered

from generator.engines.directed import store as stores
from generator.engines.producers.paths import PathsSettings
from generator.engines.stores.zfs import ZfsKeeperSettings
from generator.lab import Lab, Machine

pytestmark = pytest.mark.machine


@pytest.fixture(scope="module")
def machine(machine_directory: Path) -> Iterator[Machine]:
    with Lab(machine_directory) as lab:
        yield lab.machine("target", address="10.31.0.9")


def install(machine: Machine, device: str) -> None:
    settings = ZfsKeeperSettings(pool="backup", device=device)
    dataset = make_dataset("data", settings=PathsSettings(paths=("/srv/data",)))
    store = make_store("target", ("alpha",), engine="zfs", path="/backup", settings=settings)
    plan = make_directed(
        "deployment",
        "director",
        (store,),
        limits=make_limits(7200),
        retention=make_retention(last=2),
        scrub=make_schedule("0 13 * * 0"),
    )
    nodes = (make_node("alpha", datasets=(dataset,)), make_node("director"), make_node("target"))
    fleet = make_fleet(nodes, directed_plans=(plan,))
    machine.run(["mkdir", "-p", "/backup", *(f"/var/lib/capsule/test/{one}" for one in ("runs", "locks"))])
    machine.run(["mkdir", "-p", "/var/log/capsule/test"])
    for capsule in stores.contributions(fleet, plan)[0].capsules:
        machine.write(capsule.path, rendered(capsule).text, mode=0o755)


def capsule(machine: Machine, verb: str, stdin: str = "") -> str:
    done = machine.run([f"/opt/capsule/test/bin/{verb}_deployment"], stdin=stdin, check=False, seconds=300)
    return f"{done.status} {done.out}{done.err}"


def back_up(machine: Machine, moment: str) -> str:
    """A run whose only source cannot be reached: its part is put there as a transfer would have left it."""
    assert capsule(machine, "pull", f"{moment}\n").startswith("69 part alpha data failed 0 0\nresult failed\n")
    script = f"""cd /backup/current; mkdir -p alpha@+srv+data; echo {moment} >alpha@+srv+data/file
        setfattr --name=user.capsule --value=probe alpha@+srv+data/file
        echo manifest >.capsule/alpha@+srv+data.manifest
        printf 'result=complete\\nentries=1\\nbytes=17\\n' >.capsule/alpha@+srv+data.pulled"""
    machine.run(["/bin/bash", "-euc", script])
    return capsule(machine, "commit", f"{moment} complete\n")


def test_a_store_on_the_kernels_zfs(machine: Machine) -> None:
    install(machine, machine.add_disk(300))
    now = datetime.now(UTC) - timedelta(seconds=100)
    moments = [(now + timedelta(seconds=10 * number)).strftime("%Y%m%dT%H%M%SZ") for number in range(4)]
    assert back_up(machine, moments[0]) == "0 result complete\n"
    place = f"/backup/activated/{moments[0]}"
    assert capsule(machine, "activate", "latest\n") == f"0 {place}\n"
    assert "capsule:activated" in machine.run(["zfs", "holds", f"backup/current@{moments[0]}"]).out
    for moment in moments[1:]:
        assert back_up(machine, moment) == "0 result complete\n"
    assert capsule(machine, "list") == "0 " + "".join(f"{moments[one]}\n" for one in (0, 2, 3))
    assert machine.read(f"{place}/alpha@+srv+data/file").decode() == f"{moments[0]}\n"
    options = machine.run(["findmnt", "-n", "-o", "OPTIONS", place]).out
    assert {"ro", "nosuid", "nodev", "noexec"} <= set(options.strip().split(","))
    bookmarks = machine.run(["zfs", "list", "-H", "-t", "bookmark", "-o", "name"]).out.split()
    assert bookmarks == [f"backup/current#{moment}" for moment in moments]
    assert capsule(machine, "deactivate") == "0 "
    assert machine.run(["zfs", "holds", "-H", f"backup/current@{moments[0]}"]).out == ""
    assert capsule(machine, "scrub") == "0 "
    assert "result=complete" in machine.read("/var/lib/capsule/test/runs/health_deployment").decode()
    machine.run(["zfs", "unmount", "backup/current"])
    assert capsule(machine, "list").startswith("73 ")
