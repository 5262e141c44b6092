"""The runbook of the worst day, as it is written, on real machines: two nodes and the build host have burned."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from docs.pages import follow
from docs.place import ROOT, Place

from generator.lab import Host, Lab

from . import trees
from .fleet import identifier
from .kaizen import COLLECTORS, DEPLOYMENT, PROGRAMS, KaizenFleet
from .machines import Machine, Node, carry
from .walker import Entry, differences

RUNBOOK = ROOT / "docs/worst-day.md"
BURNED, NEW_ADDRESS = "compute-1", "10.31.0.121"
COLLECTION_NODE, SECOND_SITE = "services-1", "scc-1"
# two good days, and the day that the runbook is needed
FIRE_DAY = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Aftermath:
    """The fleet after the runbook; what the burned node had at the end of each day; how many commands were run."""

    fleet: KaizenFleet
    lost: dict[int, dict[str, dict[bytes, Entry]]]
    commands: int


@pytest.fixture(scope="module")
def aftermath(lab_directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aftermath]:
    directory = tmp_path_factory.mktemp("worst-day")
    # /8, because both sites are on one wire here
    with Lab(lab_directory, prefix_length=8) as lab:
        fleet = KaizenFleet(lab)
        left = fill_and_build(fleet, directory)
        lost = {day: day_of_backups(fleet, day) for day in range(1, FIRE_DAY)}
        burn(fleet)
        machines = machines_left(fleet, left, directory / "new")
        commands = follow(RUNBOOK, machines, lambda carried: carry(machines, carried))
        yield Aftermath(fleet=fleet, lost=lost, commands=commands)


def fill_and_build(fleet: KaizenFleet, directory: Path) -> dict[str, Place]:
    """Install the fleet from a build host that burns right after that; what is kept elsewhere is left."""
    old, kept, safe = (Place(directory / name) for name in ("old", "version-control", "the-safe"))
    for place in (old, kept, safe):
        place.home.mkdir()
    old.install_gen()
    kept.path("kaizen.yml").write_text(fleet.inventory(), encoding="utf-8")
    shutil.copy(kept.path("kaizen.yml"), old.home)
    status, said = old.shell("gen keys init kaizen.yml && gen build kaizen.yml")
    assert status == 0, said
    fleet.install(old.path(f"output/{DEPLOYMENT}"))
    for source in trees.SOURCES:
        trees.fill(fleet.hosts[source])
    # a memory stick forgets modes
    shutil.copyfile(old.path("kaizen.secret"), safe.path("kaizen.secret"))
    safe.path("kaizen.secret").chmod(0o755)
    shutil.rmtree(old.home)
    return {"version-control": kept, "the-safe": safe}


def day_of_backups(fleet: KaizenFleet, day: int) -> dict[str, dict[bytes, Entry]]:
    """One day as cron makes it; what the node that will burn had then."""
    fleet.set_day(day)
    for source in trees.SOURCES:
        if day > 1:
            trees.change(fleet.hosts[source], day)
    fleet.nightly()
    fleet.collect()
    return trees.expected(fleet.hosts[BURNED])


def burn(fleet: KaizenFleet) -> None:
    """New machines, and what cron did meanwhile: the others back themselves up, the second site finds nobody."""
    fleet.replace(BURNED, address=NEW_ADDRESS)
    fleet.replace(COLLECTION_NODE, address=fleet.hosts[COLLECTION_NODE].address)
    fleet.set_day(FIRE_DAY)
    fleet.nightly(source for source in trees.SOURCES if source != BURNED)
    assert fleet.cron(*COLLECTORS[1]).status == 69
    assert check(fleet, SECOND_SITE) == 2


def machines_left(fleet: KaizenFleet, left: dict[str, Place], home: Path) -> dict[str, Machine]:
    """All that the runbook names."""
    home.mkdir()
    new = Place(home)
    new.install_gen()
    return {"build-host": new, **left, **{name: Node(host) for name, host in fleet.hosts.items()}}


def check(fleet: KaizenFleet, name: str) -> int:
    """What Nagios sees on a node."""
    return fleet.hosts[name].run([f"{PROGRAMS}/check_backups"], user="nobody", check=False).status


def held(host: Host, top: str) -> list[str]:
    """The backups in a directory of backups."""
    return sorted(entry.name for entry in host.path(top).iterdir() if not entry.name.startswith("."))


def identifiers(*days: int) -> list[str]:
    return [identifier(day) for day in days]


def test_the_runbook_works_as_written(aftermath: Aftermath) -> None:
    assert aftermath.commands > 30


def test_what_burned_is_there_again_to_the_last_attribute(aftermath: Aftermath) -> None:
    newest = aftermath.lost[FIRE_DAY - 1]
    restored = trees.expected(aftermath.fleet.hosts[BURNED])
    assert restored.keys() == newest.keys()
    for path, tree in newest.items():
        assert len(tree) > 2
        assert differences(tree, restored[path]) == [], path


def test_every_node_says_that_all_is_well(aftermath: Aftermath) -> None:
    assert {name: check(aftermath.fleet, name) for name in aftermath.fleet.hosts} == dict.fromkeys(
        aftermath.fleet.hosts, 0
    )


def test_the_next_night_needs_nobody_and_the_new_history_grows(aftermath: Aftermath) -> None:
    fleet = aftermath.fleet
    assert held(fleet.hosts[COLLECTION_NODE], f"/srv/collection/{BURNED}") == identifiers(3)
    day_of_backups(fleet, FIRE_DAY + 1)
    assert {name: check(fleet, name) for name in fleet.hosts} == dict.fromkeys(fleet.hosts, 0)
    assert held(fleet.hosts[BURNED], "/backups") == identifiers(3, 4)
    assert held(fleet.hosts[COLLECTION_NODE], f"/srv/collection/{BURNED}") == identifiers(3, 4)
    for source in trees.SOURCES:
        assert held(fleet.hosts[SECOND_SITE], f"/srv/offsite/{source}") == identifiers(1, 2, 3, 4)
        if source != BURNED:
            assert held(fleet.hosts[COLLECTION_NODE], f"/srv/collection/{source}") == identifiers(2, 3, 4)


def test_the_days_before_the_fire_are_still_restored_from_the_second_site(aftermath: Aftermath) -> None:
    host = aftermath.fleet.hosts[BURNED]
    host.run([f"{PROGRAMS}/restore_nova_from_offsite"], stdin=f"{identifier(1)}\n")
    path = "/var/lib/nova"
    assert differences(aftermath.lost[1][path], trees.expected(host)[path]) == []
