"""Twelve days of the fleet: what every tier holds, what it cost, and what the generated restore brings back."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest

from generator.lab import Host, services

from . import trees
from .fleet import LabFleet, identifier
from .walker import Entry, Tree, differences, inodes, walk

DAYS = range(1, 13)
# on this day one source cannot be reached, and is collected again on the next
DOWN_DAY, DOWN = 5, "compute-2"
COLLECTION_DAYS, OFFSITE_DAYS = 8, 10
COLLECTORS = (("services-1", "collect_collection"), ("scc-1", "collect_offsite"))
# which source is restored, from the collection node, into an empty host, on which day
RESTORED = {1: trees.SOURCES, 6: ("compute-2",), 9: ("controller-1",), 12: trees.SOURCES}


@dataclass(slots=True)
class History:
    """What each source held at the end of each day."""

    fleet: LabFleet
    days: dict[tuple[int, str], dict[str, dict[bytes, Entry]]] = field(default_factory=dict)


@pytest.fixture(scope="module")
def history(fleet: LabFleet) -> History:
    return History(fleet)


@pytest.mark.parametrize("day", DAYS)
def test_a_day(history: History, day: int) -> None:
    fleet = history.fleet
    fleet.set_day(day)
    for source in trees.SOURCES:
        if day > 1:
            trees.change(fleet[source], day)
        if source.startswith("controller"):
            change_database(fleet[source], day)
        history.days[day, source] = trees.expected(fleet[source])
    with ThreadPoolExecutor() as together:
        nightly = together.map(lambda source: fleet.cron(source, "backup_nightly"), trees.SOURCES)
    for source, done in zip(trees.SOURCES, nightly, strict=True):
        assert (done.status, done.out, done.err) == (0, "", ""), fleet.log(source, "backup_nightly")
        assert trees.expected(fleet[source]) == history.days[day, source], "a backup changed what it read"
    collect(fleet, day)
    for source in trees.SOURCES:
        check_local(history, day, source)
        check_collected(history, day, source)
    check_lists(fleet, day)
    with ThreadPoolExecutor() as together:
        # the list raises what a restore raised
        list(together.map(lambda source: check_restored(history, day, source), RESTORED.get(day, ())))


def collect(fleet: LabFleet, day: int) -> None:
    """Collect and copy to the second site; on the day one source is down, both say so by name."""
    if day == DOWN_DAY:
        services.stop_sshd(fleet[DOWN])
    results = [(node, capsule, fleet.cron(node, capsule)) for node, capsule in COLLECTORS]
    if day == DOWN_DAY:
        services.start_sshd(fleet[DOWN])
    for node, capsule, done in results:
        if day == DOWN_DAY:
            assert done.status == 10, done.describe()
            assert DOWN in done.err
            assert not any(source in done.err for source in trees.SOURCES if source != DOWN)
        else:
            assert (done.status, done.out, done.err) == (0, "", ""), fleet.log(node, capsule)


def check_local(history: History, day: int, source: str) -> None:
    """The node's own tree: exactly two days, equal to the source, unchanged files for nothing."""
    host = history.fleet[source]
    assert names(host, "/backups") == [identifier(one) for one in (day - 1, day) if one >= 1]
    top = host.path("/backups")
    assert (top.stat().st_mode & 0o7777, top.stat().st_uid) == (0o700, 0)
    for protected in trees.PROTECTED:
        if protected.node != source:
            continue
        new = trees.stored(host, "/backups", "", identifier(day), protected)
        assert differences(history.days[day, source][protected.path], walk(new)) == []
        if day > 1:
            old = trees.stored(host, "/backups", "", identifier(day - 1), protected)
            assert_linked(history, day, protected, inodes(old), inodes(new))


def check_collected(history: History, day: int, source: str) -> None:
    """Both collected tiers: exactly the days their retention keeps, unchanged files for nothing, closed to others."""
    missing = source == DOWN and day == DOWN_DAY
    for node, top, kept in (
        ("services-1", "/srv/collection", COLLECTION_DAYS),
        ("scc-1", "/srv/offsite", OFFSITE_DAYS),
    ):
        host = history.fleet[node]
        last = day - 1 if missing else day
        first = max(1, day - kept + 1)
        assert names(host, f"{top}/{source}") == [identifier(one) for one in range(first, last + 1)]
        status = host.path(f"{top}/{source}").stat()
        assert (status.st_mode & 0o7777, status.st_uid) == (0o750, 0)
        for protected in trees.PROTECTED:
            if protected.node == source and not missing and day > 1:
                old = trees.stored(host, top, source, identifier(day - 1), protected)
                new = trees.stored(host, top, source, identifier(day), protected)
                assert_linked(history, day, protected, inodes(old), inodes(new))


def assert_linked(
    history: History, day: int, protected: trees.Protected, old: dict[bytes, int], new: dict[bytes, int]
) -> None:
    """Every file that the day did not change is the same inode as the day before."""
    before, after = (history.days[one, protected.node][protected.path] for one in (day - 1, day))
    unchanged = {
        name for name in after if name in before and after[name] == before[name] and after[name].kind == "file"
    }
    assert len(unchanged) * 3 > len(after) or len(after) < 10
    copied = sorted(name for name in unchanged if old[name] != new[name])
    assert copied == []


def check_lists(fleet: LabFleet, day: int) -> None:
    """People and Nagios are told what is the case."""
    listed = fleet.capsule("services-1", "list_backups").out
    for source in trees.SOURCES:
        newest = max(line.split()[2] for line in listed.splitlines() if line.split()[1:2] == [source])
        assert newest == identifier(day - 1 if source == DOWN and day == DOWN_DAY else day)
    for name, host in fleet.hosts.items():
        told = host.run(["/opt/capsule/lab/bin/check_backups"], user="nobody", check=False)
        # a source that could not be reached is worse than one that offers nothing new
        failing = {"services-1": 2, "scc-1": 1}.get(name, 0) if day == DOWN_DAY else 0
        assert told.status == failing, told.describe()
        assert re.match(r"BACKUPS (OK|WARNING|CRITICAL) - .* \|", told.out)


def check_restored(history: History, day: int, source: str) -> None:
    """A new and empty machine with the source's identity gets everything back from the collection node."""
    fleet = history.fleet
    with fleet.replaced(source) as host:
        for dataset in sorted({one.dataset for one in trees.PROTECTED if one.node == source}):
            fleet.capsule(source, f"restore_{dataset}_from_collection", stdin="latest\n")
        assert_equal(history.days[day, source], trees.expected(host))
        if source.startswith("controller"):
            fleet.capsule(source, "restore_mysql_from_collection", stdin="latest\n")
            assert database(host) == [str(one) for one in range(1, day + 1)]


def test_each_tier_restores_the_days_it_still_has(history: History) -> None:
    """Older days too, by identifier: from the node itself, the collection node and the second site."""
    fleet, source = history.fleet, "compute-1"
    for capsule, stdin, day in (
        ("restore_latest_nova", "", 12),
        ("restore_nova", f"{identifier(11)}\n", 11),
        ("restore_nova_from_collection", f"{identifier(6)}\n", 6),
    ):
        fleet.capsule(source, capsule, stdin=stdin)
        path = "/var/lib/nova"
        restored = walk(fleet[source].path(path), without=(b"instances",))
        assert differences(history.days[day, source][path], restored) == [], capsule
        assert fleet[source].path(f"{path}/instances/disk").stat().st_size == 100_000, "what was left out is gone"


def test_what_retention_deleted_cannot_be_restored(history: History) -> None:
    fleet, source = history.fleet, "compute-1"
    before = trees.expected(fleet[source])
    for capsule, stdin in (
        ("restore_nova", f"{identifier(10)}\n"),
        ("restore_nova_from_collection", f"{identifier(4)}\n"),
        ("restore_nova", "../../../etc\n"),
        ("restore_nova", ""),
    ):
        refused = fleet.capsule(source, capsule, stdin=stdin, check=False)
        assert refused.status not in (0, 10), refused.describe()
        assert refused.err
        assert_equal(before, trees.expected(fleet[source]))


def test_a_single_path_comes_back_alone(history: History) -> None:
    fleet = history.fleet
    host = fleet["controller-1"]
    wanted = history.days[8, "controller-1"]["/etc/nova"]
    host.run(["/bin/sh", "-c", "echo later >/etc/nova/later; echo broken >/etc/nova/nova.conf"])
    fleet.capsule("controller-1", "restore_point_nova-conf_from_collection", stdin=f"{identifier(8)}\n")
    restored = walk(host.path("/etc/nova"))
    assert restored[b"nova.conf"] == wanted[b"nova.conf"]
    assert b"later" in restored


def test_logs_are_rotated_and_written_on(history: History) -> None:
    fleet = history.fleet
    fleet["website"].run(["logrotate", "--force", "/etc/logrotate.d/capsule-lab"])
    assert "BACKUP" not in fleet.log("website", "backup_nightly")
    fleet.capsule("website", "backup_nightly")
    assert "BACKUP" in fleet.log("website", "backup_nightly")
    assert any("capsule@32473" in line and 'fleet="lab"' in line for line in fleet["website"].syslog)


def names(host: Host, top: str) -> list[str]:
    """All names in a directory of backups, but the collector's own records and the mark of whose it is."""
    return sorted(entry.name for entry in host.path(top).iterdir() if entry.name not in (".capsule", ".verified"))


def assert_equal(wanted: dict[str, dict[bytes, Entry]], got: dict[str, dict[bytes, Entry]]) -> None:
    """Equal, or a list of what differs."""
    assert wanted.keys() == got.keys()
    for path, tree in wanted.items():
        found: Tree = got[path]
        assert differences(tree, found) == [], path


def change_database(host: Host, day: int) -> None:
    """Another row every day."""
    table = "create database if not exists nova; create table if not exists nova.days (day int primary key);"
    host.run(["mariadb", "-e", f"{table} replace into nova.days values ({day})"])


def database(host: Host) -> list[str]:
    """The rows."""
    return host.run(["mariadb", "-N", "-e", "select day from nova.days order by day"]).out.split()
