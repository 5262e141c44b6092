"""A replica on the kernel's own ZFS: exact identities, bookmarks that outlive snapshots, transfers that go on."""

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
    make_replica,
    make_retention,
    make_store,
)
from rendered import rendered

from generator.engines.directed import replica
from generator.engines.producers.paths import PathsSettings
from generator.engines.stores.zfs import ZfsKeeperSettings
from generator.inventory.tools import TOOLS
from generator.lab import Lab, Machine

pytestmark = pytest.mark.machine

SSH = """#!/bin/bash
# Stands in for ssh and sshd: the key says which capsule is meant. /root/cut: it breaks after so many bytes.
while [[ "$1" != -i ]]; do shift; done
if [[ -e /root/cut ]]; then /opt/capsule/test/bin/"${2#*.}" | head -c "$(</root/cut)"; exit "${PIPESTATUS[0]}"; fi
exec /opt/capsule/test/bin/"${2#*.}"
"""
# A token that names a backup of this store, and is about a snapshot of another filesystem of the pool.
FORGE = """zfs rename backup/current backup/aside
    zfs create -o compression=off backup/current; yes SECRET | head -c 20M >/backup/current/file
    zfs snapshot backup/current@{name}
    zfs send backup/current@{name} | head -c 5000000 | zfs receive -s -u offsite/thief 2>/dev/null || true
    zfs get -H -o value receive_resume_token offsite/thief
    zfs rename backup/current backup/other; zfs rename backup/aside backup/current"""


@pytest.fixture(scope="module")
def machine(machine_directory: Path) -> Iterator[Machine]:
    with Lab(machine_directory) as lab:
        yield lab.machine("target", address="10.31.0.9")


def install(machine: Machine) -> None:
    """The store and its replica are one node here, with a pool each."""
    pool = ZfsKeeperSettings(pool="backup", device=machine.add_disk(300))
    other = ZfsKeeperSettings(pool="offsite", device=machine.add_disk(300))
    dataset = make_dataset("data", settings=PathsSettings(paths=("/srv/data",)))
    plan = make_directed(
        "deployment", "director", (make_store("target", ("alpha",), engine="zfs", path="/backup", settings=pool),)
    )
    offsite = make_replica(
        "offsite",
        "deployment",
        "target",
        make_store("mirror", ("alpha",), engine="zfs", path="/mirror", settings=other),
        limits=make_limits(7200),
        retention=make_retention(last=9),
    )
    tools = {**TOOLS["debian"], "ssh": "/root/ssh"}
    fleet = make_fleet(
        (
            make_node("alpha", datasets=(dataset,)),
            make_node("director"),
            make_node("target"),
            make_node("mirror", hostname="target", tools=tools),
        ),
        directed_plans=(plan,),
        replica_plans=(offsite,),
    )
    machine.run(["mkdir", "-p", "/mirror", *(f"/var/lib/capsule/test/{one}" for one in ("runs", "locks"))])
    machine.run(["mkdir", "-p", "/var/log/capsule/test"])
    machine.write("/root/ssh", SSH, mode=0o755)
    for contribution in replica.contributions(fleet, offsite):
        for capsule in contribution.capsules if contribution.node in ("target", "mirror") else ():
            machine.write(capsule.path, rendered(capsule).text, mode=0o755)
    machine.run(
        ["/bin/bash", "-euc", f"zpool create -O mountpoint=/backup backup {pool.device}; zfs create backup/current"]
    )


def store(machine: Machine, name: str, megabytes: int) -> None:
    """A stored backup, as `commit` leaves one."""
    script = f"""head -c {megabytes}M /dev/urandom >/backup/current/{name}
        zfs snapshot backup/current@{name}; zfs bookmark backup/current@{name} backup/current#{name}"""
    machine.run(["/bin/bash", "-euc", script])


def replicate(machine: Machine) -> str:
    done = machine.run(["/opt/capsule/test/bin/replicate_offsite"], check=False, seconds=300)
    return f"{done.status} {done.err}"


def held(machine: Machine) -> list[str]:
    return machine.run(["/opt/capsule/test/bin/list_offsite"]).out.split()


def test_a_replica_on_the_kernels_zfs(machine: Machine) -> None:
    install(machine)
    now = datetime.now(UTC) - timedelta(hours=1)
    names = [(now + timedelta(minutes=number)).strftime("%Y%m%dT%H%M%SZ") for number in range(4)]
    store(machine, names[0], 1)
    assert replicate(machine) == "0 "
    store(machine, names[1], 30)
    machine.write("/root/cut", b"20000000")
    assert replicate(machine).startswith("69 ")
    token = machine.run(["zfs", "get", "-H", "-o", "value", "receive_resume_token", "offsite/current"]).out.strip()
    assert token.count("-") == 3
    machine.run(["rm", "/root/cut"])
    assert replicate(machine) == "0 "
    assert (
        "a transfer that was interrupted goes on"
        in machine.read("/var/log/capsule/test/send_replica_offsite.log").decode()
    )
    assert held(machine) == names[:2]
    # what the replica has is gone there, but for its bookmark
    machine.run(["zfs", "destroy", f"backup/current@{names[1]}"])
    store(machine, names[2], 1)
    assert replicate(machine) == "0 "
    assert held(machine) == names[:3]
    sums = machine.run(
        ["/bin/bash", "-c", "cd /backup/current; sha256sum *; cd /mirror/current; sha256sum *"]
    ).out.splitlines()
    assert sums[:3] == sums[3:]
    token = machine.run(["/opt/capsule/test/bin/send_replica_offsite"], stdin=f"resume {token}\n", check=False)
    assert (token.status, token.out) == (64, "")
    stolen = machine.run(["/bin/bash", "-euc", FORGE.format(name=names[2])]).out.strip()
    assert stolen.count("-") == 3
    # what the platform itself would send for it
    sent = machine.run(["/bin/bash", "-c", f"zfs send -t {stolen} | grep -a -o -m 1 SECRET | head -n 1"]).out
    assert sent == "SECRET\n"
    refused = machine.run(["/opt/capsule/test/bin/send_replica_offsite"], stdin=f"resume {stolen}\n", check=False)
    assert (refused.status, refused.out) == (64, "")
    machine.run(["zfs", "snapshot", f"offsite/current@{names[3]}"])
    store(machine, names[3], 1)
    assert replicate(machine).startswith("65 ")
    assert held(machine) == names
