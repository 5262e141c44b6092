"""A plan that directs, told to a reviewer: its phases, its longest pause, and who may order what of whom."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator.inventory import load
from generator.review import Section, opening

SBDI = Path(__file__).parents[2] / "inventory/sbdi.yml"


@pytest.fixture(scope="module")
def sections() -> dict[str, dict[str, Section]]:
    fleet = load(SBDI).fleet
    assert fleet is not None
    return {name: {section.title: section for section in listed} for name, listed in opening(fleet).items()}


def test_a_source_says_what_freezes_it_where_it_is_kept_and_what_brings_it_back(
    sections: dict[str, dict[str, Section]],
) -> None:
    (row,) = sections["cassandra-1"]["What is protected"].rows
    assert row[0] == "docker-local"
    assert "snapshot by lvm (group: vg_docker_local, volume: lv_docker_local, size: " in row[1]
    assert row[2].split("; ") == [
        "on backup-target in /backup (zfs) for 14 days and 8 weeks and 12 months, at least 14 backups",
        "on remote-backup in /replica (zfs) for 30 days and 12 weeks and 24 months, at least 30 backups",
    ]
    assert row[3].split(", ") == [
        "restore_docker-local_from_whole",
        "restore_docker-local_from_offsite",
        "restore_whole",
        "ordered by backup-director within 30 minutes of a permit",
    ]
    assert (
        "restore_point_wordpress_from_whole (/docker/wordpress)"
        in (sections["manager-1"]["What is protected"].rows[0][3])
    )


def test_stores_and_replicas_say_what_they_keep_of_whom_and_for_how_long(
    sections: dict[str, dict[str, Section]],
) -> None:
    (row,) = sections["backup-target"]["What is kept here"].rows
    assert row[0] == "whole"
    assert {"manager-1", "cassandra-4", "solr-4"} <= set(row[1].replace(" and ", ", ").split(", "))
    assert row[2].startswith("/backup (zfs; pool: backup; device: ")
    assert row[2].endswith("owners in attributes, each source received by an account of its own")
    assert row[3] == "for 14 days and 8 weeks and 12 months, at least 14 backups"
    assert row[4].startswith("pull_whole and commit_whole, when backup-director orders it (")
    assert row[5].startswith("scrub_whole (")
    assert row[6] == "describe_whole, activate_whole, deactivate_whole"
    (row,) = sections["remote-backup"]["What is kept here"].rows
    assert (row[0], row[4].split(" ")[0]) == ("offsite, a replica of whole on backup-target", "replicate_offsite")
    assert "What is kept here" not in sections["backup-director"]


def test_the_director_says_the_phases_and_the_longest_pause(sections: dict[str, dict[str, Section]]) -> None:
    rows = sections["backup-director"]["How plan whole makes a backup"].rows
    assert [row[2] for row in rows] == [
        "pause_whole",
        "prepare_whole",
        "unpause_whole",
        "pull_whole",
        "commit_whole",
        "remove_whole",
    ]
    assert rows[0][3] == "writers are held still, for at most 1 min: then each node lets them go by itself"
    assert rows[0][1].count("cassandra-") == 4
    assert rows[3][1] == "backup-target"


def test_every_node_says_what_may_be_ordered_of_it_and_by_whom(sections: dict[str, dict[str, Section]]) -> None:
    given = {row[0]: row[2] for row in sections["solr-1"]["What may be ordered of it"].rows}
    assert set(given) == {"pause", "unpause", "prepare", "remove", "stop_docker", "start_docker", "restore"}
    assert set(given.values()) == {"backup-director"}
    listing = {row[0]: row[2] for row in sections["backup-target"]["What may be ordered of it"].rows}
    assert set(listing) == {"pull", "commit", "list"}
    assert listing["pull"] == "backup-director"
    assert "solr-4" in listing["list"]
    assert "What may be ordered of it" not in sections["backup-director"]
    (offsite,) = sections["remote-backup"]["What may be ordered of it"].rows
    assert offsite[:2] == ("list", "list_offsite")
    assert "backup-director" not in offsite[2]
