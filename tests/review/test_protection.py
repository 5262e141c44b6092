"""The reviewer's first question, answered for the example fleet."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator.inventory import load
from generator.review import Review, Section, review_pages
from generator.review.protection import protection
from generator.review.summary import NodeSummary

KAIZEN = Path(__file__).parents[2] / "inventory/kaizen.yml"


@pytest.fixture(scope="module")
def sections() -> dict[str, Section]:
    fleet = load(KAIZEN).fleet
    assert fleet is not None
    return dict(protection(fleet))


def test_every_source_says_what_is_kept_where_and_for_how_long(sections: dict[str, Section]) -> None:
    assert sorted(sections) == ["compute-1", "compute-2", "controller-1", "website"]
    nova = next(row for row in sections["compute-1"].rows if row[0] == "nova")
    assert nova[1] == "paths; paths: /var/lib/nova; exclude: instances/; missing: expected"
    assert nova[2].split("; ") == [
        "here in /backups for 2 days, at least 2 backups",
        "on services-1 in /srv/collection/compute-1 for 8 days, at least 8 backups",
        "on scc-1 in /srv/offsite/compute-1 for 30 days, at least 30 backups",
    ]


def test_every_capsule_that_brings_a_dataset_back_is_named(sections: dict[str, Section]) -> None:
    etc = next(row for row in sections["controller-1"].rows if row[0] == "openstack-etc")
    assert etc[3].split(", ")[:4] == [
        "restore_latest_openstack-etc",
        "restore_openstack-etc",
        "restore_openstack-etc_from_collection",
        "restore_openstack-etc_from_offsite",
    ]
    assert "restore_point_nova-conf_from_collection (/etc/nova/nova.conf)" in etc[3]


def test_a_dataset_points_at_the_line_that_says_it(sections: dict[str, Section]) -> None:
    nova = next(row for row in sections["compute-1"].rows if row[0] == "nova")
    line = next(n for n, text in enumerate(KAIZEN.read_text().splitlines(), 1) if text.strip() == "nova:")
    assert nova[4].startswith(f"nodes.compute-1.datasets.nova (kaizen.yml:{line}:")


def test_pages_show_hostile_names_as_they_are() -> None:
    hostile = '<script>alert("x")</script> | `x` [a](b)'
    section = Section(title="T", note="N", head=("a",), rows=((hostile,),))
    node = NodeSummary(name="n", hostname="n", build_id="0", sections=(section,))
    pages = review_pages(Review(deployment="d", build_id="0", nodes=(node,), proved=(hostile,), warnings=()))
    for page in pages:
        text = page.content.decode()
        assert "<script" not in text.replace("\\<script", "")
        if page.path.endswith(".md"):
            assert "| `x`" not in text
