"""A whole deployment backed up at one moment, and what that leaves: nothing but the backup."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from generator.lab import containers

from ..walker import differences, walk
from .platform import BACKUP, CACHE, COUNTER, REPLICA, SOURCES, STORES, TOGETHER, Sbdi, part

HOLDS = {"one": "vault", "two": "pool", "three": "vault"}
KEPT = 3


def copies(sbdi: Sbdi, name: str) -> dict[str, int]:
    """How far the stored copies of the common counter have come in the backup ``name``, which is opened for that."""
    found = {}
    for source in TOGETHER:
        store = HOLDS[source]
        place = sbdi.capsule(store, "activate_whole", stdin=f"{name}\n").out.strip()
        found[source] = containers.counted(sbdi[store], f"{place}/{part(source)}")
        sbdi.capsule(store, "deactivate_whole")
    return found


def agree(counts: Mapping[str, int]) -> bool:
    """Whether copies of the common counter are of one moment."""
    return counts["one"] - counts["two"] in (0, 1)


def test_a_backup_is_one_moment_of_all(sbdi: Sbdi) -> None:
    frozen = {name: sbdi.tree(name) for name in SOURCES}
    before = sbdi.counted()
    done = sbdi.cron("boss", "perform_backup")
    assert (done.status, done.out, done.err) == (0, "", ""), sbdi.logs()
    after = sbdi.counted()
    (name,) = sbdi.names("vault")
    assert sbdi.names("pool") == [name]
    stored = copies(sbdi, name)
    assert agree(stored)
    assert before[0] < stored["one"] < after[0]
    told = re.search(
        r'PAUSE-WINDOW .* seconds="([0-9.]+)" longest_pause="([0-9.]+)"', sbdi.log("boss", "perform_backup")
    )
    assert told
    assert 0 < float(told[2]) <= float(told[1]) < 20
    assert sbdi.residue() == ""
    assert {name: sbdi.tree(name) for name in SOURCES} == frozen, "a backup changed what it read"


def test_without_a_pause_the_copies_differ(sbdi: Sbdi) -> None:
    """The judge above can say no: the same capsules, the same data, and nobody stands still."""
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    for source in SOURCES:
        taken = sbdi.capsule(source, "prepare_whole", stdin=f"{moment}\n", check=False)
        assert (taken.status, "DATASET-DEGRADED" in taken.err) == (10, True), taken.describe()
        time.sleep(0.5)
    for store in STORES:
        assert sbdi.capsule(store, "pull_whole", stdin=f"{moment}\n", check=False).status == 10
        # called complete by whoever orders, and not by the store
        sbdi.capsule(store, "commit_whole", stdin=f"{moment} complete\n", check=False)
    for source in SOURCES:
        sbdi.capsule(source, "remove_whole")
    assert sbdi.names("vault")[-1] == sbdi.names("pool")[-1] == f"{moment}.partial"
    assert not agree(copies(sbdi, f"{moment}.partial"))
    assert sbdi.residue() == ""


def test_a_native_store_holds_what_the_source_held(sbdi: Sbdi) -> None:
    """Contents, kinds, modes, owners, times and links, by the suite's own judge."""
    place = sbdi.capsule("pool", "activate_whole", stdin="latest\n").out.strip()
    stored = walk(sbdi["pool"].path(f"{place}/{part('two')}"), without=(COUNTER,))
    sbdi.capsule("pool", "deactivate_whole")
    # in user space ZFS counts seconds
    wanted = {name: replace(entry, mtime=entry.mtime // 10**9 * 10**9) for name, entry in sbdi.tree("two").items()}
    assert differences(wanted, stored) == []
    assert CACHE not in stored


def test_runs_go_on_and_no_more_is_kept_than_retention_says(sbdi: Sbdi) -> None:
    for _ in range(2):
        done = sbdi.cron("boss", "perform_backup")
        assert (done.status, done.err) == (0, ""), sbdi.logs()
    kept = sbdi.names("vault")
    assert len([name for name in kept if not name.endswith(".partial")]) == KEPT
    assert sbdi.names("pool") == kept
    assert agree(copies(sbdi, kept[-1]))
    listed = sbdi.capsule("boss", "list_backups").out
    assert [line for line in listed.splitlines() if kept[-1] in line]
    assert not [
        name
        for name in re.findall(r"[0-9]{8}T[0-9]{6}Z", listed)
        if name not in {one.removesuffix(".partial") for one in kept}
    ]
    for name, host in sbdi.hosts.items():
        checked = host.run([f"{sbdi.programs}/check_backups"], user="nobody", check=False)
        assert checked.status == 0, (name, checked.out)
    assert sbdi.residue() == ""


def test_a_replica_pulls_what_is_new_and_keeps_what_the_store_lets_go(sbdi: Sbdi) -> None:
    first = sbdi.names("vault")
    replicate(sbdi)
    assert mirrored(sbdi) == first
    assert sbdi.cron("boss", "perform_backup").status == 0
    replicate(sbdi)
    second = sbdi.names("vault")
    assert mirrored(sbdi) == sorted({*first, *second})
    for name in second:
        there, here = (sbdi[host].path(f"{top}/{name}") for host, top in (("mirror", REPLICA), ("vault", BACKUP)))
        assert differences(walk(here), walk(there)) == []
    assert sbdi["mirror"].run([f"{sbdi.programs}/check_backups"], user="nobody").out.startswith("BACKUPS OK")


def replicate(sbdi: Sbdi) -> None:
    """As cron has it do; there is nothing to complain about."""
    done = sbdi.cron("mirror", "replicate_offsite")
    assert (done.status, done.out, done.err) == (0, "", ""), sbdi.logs()


def mirrored(sbdi: Sbdi) -> list[str]:
    """What the replica holds."""
    return sorted(path.name for path in sbdi["mirror"].path(REPLICA).iterdir() if path.name[0].isdigit())
