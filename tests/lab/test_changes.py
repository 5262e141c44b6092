"""Changes in flight: whatever is installed where while runs go on, they are right, or refused and said."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml

from generator.lab import Host, Lab

from .changefleet import COLLECTOR, MACHINE, SOURCES, ChangeFleet, ssh_with
from .faults.execwatch import ExecWatch
from .faults.runs import DOCUMENTED
from .fleet import identifier
from .killing import killed_at_rename

SUDOERS = "/etc/sudoers.d/50-capsule-lab"
OTHER_BUILD = "sudo there does not know this program"
SIGNERS = "output/lab/allowed_signers"
OTHER_KEY = "the key is not accepted there"


@pytest.fixture(scope="module")
def made(lab_directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChangeFleet]:
    with Lab(lab_directory) as lab:
        yield ChangeFleet(lab, tmp_path_factory.mktemp("changes"))


@pytest.fixture
def fleet(made: ChangeFleet) -> Iterator[ChangeFleet]:
    """Every node has the present build, and the night before was good; so is the night after."""
    if not made.output.exists():
        made.build()
        made.push()
        assert made.night().statuses == (0, 0, 0)
    yield made
    made.build()
    made.push()
    night = made.night()
    assert night.statuses == (0, 0, 0), night.collection.err
    for source in SOURCES:
        assert identifier(made.day) in made.held(source).names()
    assert made.broken() == []


def change(fleet: ChangeFleet) -> None:
    """A build in which every capsule of every node is another one."""
    exclude = fleet.inventory["profiles"]["service"]["datasets"]["conf"].setdefault("exclude", [])
    exclude.append(f"left-out-{len(exclude)}")
    fleet.inventory["plans"]["first"]["retention"]["days"] += 1
    fleet.build()


def test_keys_are_rotated_while_collections_go_on(fleet: ChangeFleet) -> None:
    """In this order each connection meets every pair of builds: both old, one end new, the other, both new."""
    depot = fleet[COLLECTOR]
    key = "/opt/capsule/lab/ssh/alpha.send_nightly"
    depot.run(["install", "-m", "0600", key, "/root/old.key"])
    assert "@RSYNCD:" in ssh_with(depot, "/root/old.key", "alpha", "10.33.0.1").out
    for step in (
        {"epoch": 1, "accept_next": True},
        {"epoch": 2, "accept_previous": True},
        {"epoch": 2},
    ):
        fleet.inventory["keys"] = step
        fleet.build()
        for name in ("alpha", COLLECTOR, "beta"):
            fleet.push(name)
            done = fleet.collect()
            assert done.status == 0, (step, name, done.err)
    depot.run(["install", "-m", "0600", key, "/root/new.key"])
    assert "@RSYNCD:" in ssh_with(depot, "/root/new.key", "alpha", "10.33.0.1").out
    refused = ssh_with(depot, "/root/old.key", "alpha", "10.33.0.1")
    assert (refused.status, "Permission denied" in refused.err) == (255, True), refused.err


def test_a_node_makes_its_own_key_and_changes_it(fleet: ChangeFleet) -> None:
    """The whole way: built without it, made there, told, imported, let in; then another one, without a lock-out."""
    depot, nodes = fleet[COLLECTOR], fleet.inventory["nodes"]
    key, own = "/opt/capsule/lab/ssh/alpha.send_nightly", {"alpha.send_nightly": "unknown"}
    depot.run(["install", "-m", "0600", key, "/root/given.key"])
    nodes[COLLECTOR]["own_keys"] = own
    fleet.build()
    assert not (fleet.output / f"nodes/{COLLECTOR}/root{key}").exists()
    fleet.push("alpha", "beta")
    told = re.search(r"^own key alpha\.send_nightly: (.+)$", fleet.install(COLLECTOR).out, re.MULTILINE)
    assert told
    waiting = fleet.collect()
    assert (waiting.status, OTHER_KEY in waiting.err) == (10, True), waiting.err

    facts = fleet.directory / "facts"
    facts.mkdir(exist_ok=True)
    (facts / f"{COLLECTOR}.json").write_text(
        json.dumps({"capsule_public_keys": {"lab": {"alpha.send_nightly": told[1]}}})
    )
    fleet.gen("import", "puppetdb", "facts", "-o", "lab.yml")
    imported = yaml.safe_load((fleet.directory / "lab.yml").read_text(encoding="utf-8"))
    own |= imported["nodes"][COLLECTOR]["own_keys"]
    assert imported == fleet.inventory
    assert own == {"alpha.send_nightly": told[1]}
    fleet.build()
    fleet.push()
    assert fleet.night().statuses == (0, 0, 0)
    again = fleet.install(COLLECTOR)
    assert again.out.startswith("nothing to do")
    fleet.gen("verify", "output/lab", "--root", str(depot.path("/")), "--node", COLLECTOR, "--signers", SIGNERS)

    depot.run(["install", "-m", "0600", key, "/root/first.key"])
    change_own_key(fleet, key, own)
    del nodes[COLLECTOR]["own_keys"]


def change_own_key(fleet: ChangeFleet, key: str, own: dict[str, Any]) -> None:
    """As docs/changes.md says: both are accepted for one build."""
    depot = fleet[COLLECTOR]
    depot.run(["/bin/sh", "-c", "rm -f /root/next.key* && ssh-keygen -q -t ed25519 -N '' -f /root/next.key"])
    assert_let_in(depot, first=True, given=False, next=False)
    own["alpha.send_nightly"] = [
        own["alpha.send_nightly"],
        " ".join(depot.path("/root/next.key.pub").read_text().split()[:2]),
    ]
    fleet.build()
    fleet.push()
    assert fleet.collect().status == 0
    depot.run(["cp", "/root/next.key", key])
    assert fleet.collect().status == 0
    own["alpha.send_nightly"] = own["alpha.send_nightly"][1]
    fleet.build()
    fleet.push()
    assert fleet.night().statuses == (0, 0, 0)
    assert_let_in(depot, first=False, given=False, next=True)


def assert_let_in(depot: Host, **expected: bool) -> None:
    """Which of the keys in root's home get the sender of alpha, and which are turned away by its sshd."""
    for name, welcome in expected.items():
        got = ssh_with(depot, f"/root/{name}.key", "alpha", "10.33.0.1")
        if welcome:
            assert "@RSYNCD:" in got.out, (name, got)
        else:
            assert (got.status, "Permission denied" in got.err) == (255, True), (name, got)


@pytest.mark.parametrize("older", ["capsule", "sudoers"])
def test_sudo_refuses_what_is_of_two_builds_and_the_collector_says_so(fleet: ChangeFleet, older: str) -> None:
    alpha = fleet["alpha"]
    file = fleet.program("alpha", "send_nightly") if older == "capsule" else alpha.path(SUDOERS)
    before = file.read_bytes()
    change(fleet)
    fleet.push()
    file.write_bytes(before)
    night = fleet.night()
    assert night.statuses == (0, 0, 10)
    said = [line for line in night.collection.err.splitlines() if OTHER_BUILD in line]
    assert len(said) == 1
    assert 'source="alpha"' in said[0]
    assert identifier(fleet.day) not in fleet.held("alpha").names()
    fleet.push("alpha")
    assert fleet.collect().status == 0


@pytest.mark.parametrize("transfer", [1, 2], ids=["the listing", "the backup"])
def test_a_sender_that_is_replaced_while_it_is_read(fleet: ChangeFleet, transfer: int) -> None:
    """What runs keeps its own file, which the kernel keeps for it; the next connection meets the new sender."""
    today = fleet.next_day()
    for source in SOURCES:
        fleet.capsule(source, "backup_nightly")
    seen, stopped = 0, 0

    def asked(path: str, pid: int) -> None:
        nonlocal seen, stopped
        if path.endswith("/rsync"):
            seen += 1
            if seen == transfer:
                stopped = pid
                os.kill(pid, signal.SIGSTOP)

    old = fleet.program("alpha", "send_nightly").read_bytes()
    with ExecWatch(fleet["alpha"], asked):
        running = fleet[COLLECTOR].popen(["/opt/capsule/lab/bin/collect_first"])
        while not stopped:
            assert running.poll() is None, running.communicate()
            with suppress(Exception):
                running.wait(timeout=0.1)
    change(fleet)
    busy = fleet.install(COLLECTOR, check=False)
    assert (busy.status, "collect_first is running" in busy.err) == (75, True), busy.err
    fleet.push("alpha")
    assert fleet.program("alpha", "send_nightly").read_bytes() != old
    os.kill(stopped, signal.SIGCONT)
    _, said = running.communicate(timeout=120)
    assert running.returncode == 0, said
    assert {today} <= fleet.held("alpha").names()
    assert fleet.broken() == []


@pytest.mark.parametrize("number", [3, 6, 9])
def test_a_night_on_half_installed_nodes(fleet: ChangeFleet, number: int) -> None:
    """Keys, capsules and rules change, and the push stops on two nodes after some of the renames."""
    fleet.inventory["keys"] = {"epoch": fleet.inventory["keys"]["epoch"] + 1}
    change(fleet)
    before = {source: fleet.held(source).names() for source in SOURCES}
    for name in ("alpha", COLLECTOR):
        fleet.copy_build(name)
        assert killed_at_rename(fleet[name], number) != 0
    night = fleet.night()
    assert night.backups["beta"].status == 0
    for done in (night.backups["alpha"], night.collection):
        assert done.status == 0 or (done.status in DOCUMENTED and done.err), done
    for source in SOURCES:
        assert before[source] <= fleet.held(source).names()
    assert fleet.broken() == []


def test_a_node_that_missed_three_builds(fleet: ChangeFleet) -> None:
    """Meanwhile keys were rotated, its dataset got another name, and its peer was dropped and taken in again."""
    plans, groups = fleet.inventory["plans"], fleet.inventory["groups"]
    number = fleet[COLLECTOR].run(["stat", "--format=%g", "/srv/first/beta"]).out
    first = fleet.held("beta").names()
    epoch = fleet.inventory["keys"]["epoch"]
    service = fleet.inventory["profiles"]["service"]
    service["datasets"] = {"settings": service["datasets"].pop("conf")}
    fleet.inventory["keys"] = {"epoch": epoch, "accept_next": True}
    groups["sources"]["nodes"] = ["alpha"]
    fleet.inventory["nodes"]["beta"]["profiles"] = []
    for step in ({"epoch": epoch + 1, "accept_previous": True}, {"epoch": epoch + 1}):
        fleet.build()
        fleet.push(*(name for name in ("beta", COLLECTOR) if (fleet.output / "nodes" / name).exists()))
        fleet.inventory["keys"] = step
        groups["sources"]["nodes"] = list(SOURCES)
    fleet.build()
    fleet.push("beta", COLLECTOR)
    assert plans["first"]["collects"] == "nightly"
    for _ in range(2):
        night = fleet.night()
        assert night.statuses == (0, 0, 10)
        (said,) = (line for line in night.collection.err.splitlines() if OTHER_KEY in line)
        assert 'source="alpha"' in said
    late = fleet.check_backups(COLLECTOR)
    assert (late.status, "alpha" in late.out) == (2, True), late.out
    missed = {identifier(fleet.day), identifier(fleet.day - 1)}
    assert not missed & fleet.held("alpha").names()
    fleet.push("alpha")
    assert fleet.collect().status == 0
    assert missed <= fleet.held("alpha").names()
    assert first <= fleet.held("beta").names()
    assert fleet[COLLECTOR].run(["stat", "--format=%g", "/srv/first/beta"]).out == number


def test_a_collector_that_missed_a_rotation(fleet: ChangeFleet) -> None:
    fleet.inventory["keys"] = {"epoch": fleet.inventory["keys"]["epoch"] + 1}
    fleet.build()
    fleet.push(*SOURCES)
    before = {source: fleet.held(source).names() for source in SOURCES}
    night = fleet.night()
    assert night.statuses == (0, 0, 69)
    assert night.collection.err.count(OTHER_KEY) == len(SOURCES)
    assert {source: fleet.held(source).names() for source in SOURCES} == before
    fleet.push(COLLECTOR)
    assert fleet.collect().status == 0


def test_another_machine_of_the_same_name_is_not_the_node(fleet: ChangeFleet) -> None:
    alpha = fleet["alpha"]
    alpha.path("/etc/machine-id").write_text("0123456789abcdef0123456789abcdef\n")
    try:
        refused = fleet.capsule("alpha", "backup_nightly", check=False)
        assert (refused.status, "was built for the machine of node alpha" in refused.err) == (78, True)
        assert fleet.check_backups("alpha").status == 3
        assert fleet.collect().status == 10
        assert fleet.install("alpha", check=False).status == 78
    finally:
        alpha.path("/etc/machine-id").write_text(f"{MACHINE}\n")
