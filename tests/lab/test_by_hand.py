"""What people start themselves: restores from far away, previews, scrubs, and gen verify on an installed node."""

from __future__ import annotations

import re

import pytest

from generator.lab import Host

from . import trees
from .fleet import PROGRAMS, LabFleet, identifier
from .walker import differences, walk

SCRUB_STATE = "/var/lib/capsule/lab/runs/scrub_nightly"


@pytest.fixture(scope="module", autouse=True)
def one_night(fleet: LabFleet) -> None:
    """Every tier has the backups of day 1."""
    for source in trees.SOURCES:
        fleet.capsule(source, "backup_nightly")
    fleet.capsule("services-1", "collect_collection")
    fleet.capsule("scc-1", "collect_offsite")


def test_a_second_run_of_a_day_changes_nothing(fleet: LabFleet) -> None:
    for node, capsule, store in (
        ("compute-1", "backup_nightly", "/backups"),
        ("services-1", "collect_collection", "/srv/collection"),
        ("scc-1", "collect_offsite", "/srv/offsite"),
    ):
        before = walk(fleet[node].path(store))
        assert fleet.capsule(node, capsule).err == ""
        changed = differences(before, walk(fleet[node].path(store)))
        # a directory in which something is made and removed again has a new time
        assert [line for line in changed if ": mtime should be" not in line] == []


def test_a_source_comes_back_from_the_second_site_when_the_collection_node_is_gone(fleet: LabFleet) -> None:
    wanted = trees.expected(fleet["compute-2"])
    fleet["services-1"].link_down()
    try:
        with fleet.replaced("compute-2") as host:
            fleet.capsule("compute-2", "restore_nova_from_offsite", stdin="latest\n")
            assert differences(wanted["/var/lib/nova"], trees.expected(host)["/var/lib/nova"]) == []
    finally:
        fleet["services-1"].link_up()


def test_a_preview_says_what_would_be_done_and_does_nothing(fleet: LabFleet) -> None:
    host = fleet["website"]
    fleet.set_day(2)
    host.run(["/bin/sh", "-c", "echo new >/var/www/html/new.html"])
    before = walk(host.path("/backups"))
    said = fleet.capsule("website", "preview_nightly").out
    assert "new.html" in said
    assert "about.html" not in said
    assert differences(before, walk(host.path("/backups"))) == []
    collected = walk(fleet["services-1"].path("/srv/collection"))
    fleet.capsule("website", "backup_nightly")
    said = fleet.capsule("services-1", "preview_collection").out
    assert identifier(2) in said
    changed = differences(collected, walk(fleet["services-1"].path("/srv/collection")))
    assert [line for line in changed if ": mtime should be" not in line] == []
    host.run(["rm", "/var/www/html/new.html"])
    fleet.set_day(1)


def test_a_scrub_finds_a_single_rotten_byte(fleet: LabFleet) -> None:
    host = fleet["compute-1"]
    assert fleet.capsule("compute-1", "scrub_nightly").err == ""
    rotten = f"/backups/{identifier(1)}/nova/var/lib/nova/bulk/f007"
    rot(host, rotten)
    found = fleet.capsule("compute-1", "scrub_nightly", check=False)
    assert found.status not in (0, 10)
    assert "bulk/f007" in found.err
    assert host.run([f"{PROGRAMS}/check_backups"], check=False).status == 2
    rot(host, rotten)
    assert fleet.capsule("compute-1", "scrub_nightly").err == ""


def test_gen_verify_judges_an_installed_node(fleet: LabFleet) -> None:
    host = fleet["website"]
    signer = re.search(r"ssh-ed25519 [A-Za-z0-9+/=]+", fleet.gen("keys", "show", "lab.yml"))
    assert signer is not None
    root = ("verify", "output/lab", "--root", str(host.path("/")), "--node", "website", "--signers", signer[0])
    fleet.gen(*root)
    host.run(
        ["/bin/sh", "-c", f"echo >>{PROGRAMS}/backup_nightly; rm {PROGRAMS}/list_backups; touch {PROGRAMS}/extra"]
    )
    said = fleet.gen(*root, status=1)
    for name in ("backup_nightly", "list_backups", "extra"):
        assert name in said
    host.run(["rm", f"{PROGRAMS}/extra"])
    fleet.install("website")
    fleet.gen(*root)


def rot(host: Host, path: str) -> None:
    """Flip the last byte; size and time stay. Doing it twice heals it."""
    file = host.path(path)
    content, times = file.read_bytes(), file.stat()
    file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    host.run(["touch", f"--date=@{times.st_mtime_ns // 10**9}.{times.st_mtime_ns % 10**9:09}", path])
