"""The conventions of the SBDI platform, as they stand in its own document."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from generator.importing.ansible.source import AnsibleSource, propose
from generator.importing.proposal import Proposal

SOURCES = """\
[backup_sources]
manager-1 gluster_backup_source=True lvm_backup_source=False backup_snapshot_storage=0
cassandra-[1:4] gluster_backup_source=False lvm_backup_source=True backup_snapshot_storage=20
"""
WHOLE = f"""\
[all:vars]
deployment_prefix=uat
[servers]
access-1
backup-director nbr=91 flavor=ssc.tiny
backup-target nbr=92 flavor=ssc.medium.highmem volume_backup=1500
[backup_director]
backup-director
[backup_targets]
backup-target
[docker]
standalone-1
[docker_swarm]
manager-[1:3]
cassandra-[1:4]
{SOURCES}"""


def proposed(tmp_path: Path, inventory: str, files: Mapping[str, str] | None = None) -> Proposal:
    (tmp_path / "hosts").write_text(inventory)
    for name, text in (files or {}).items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    playbooks = tmp_path / "ansible"
    source = AnsibleSource(
        path=tmp_path / "hosts", playbooks=playbooks if playbooks.is_dir() else None, facts=None, reader="own"
    )
    return propose(source, "sbdi")


def messages(proposal: Proposal) -> list[str]:
    return [f"{one.severity.value} {one.code} {one.message}" for one in proposal.diagnostics]


def gaps(proposal: Proposal) -> set[tuple[str, str]]:
    return {(".".join(gap.place), ".".join(gap.keys)) for gap in proposal.gaps if gap.code not in ("C0710", "C0711")}


def test_the_platform_becomes_a_directed_plan(tmp_path: Path) -> None:
    proposal = proposed(tmp_path, WHOLE, {"ansible/group_vars/backup_targets": "backup_data_device: /dev/vdb\n"})
    said: Any = proposal.said
    assert (said["fleet"], said["deployment_prefix"]) == ("sbdi", "uat")
    assert said["plans"] == {
        "deployment": {
            "directs": ["gluster-sources", "lvm-sources"],
            "director": "backup-director",
            "quiesces": ["docker-hosts"],
            "stores": [
                {
                    "node": "backup-target",
                    "engine": "zfs",
                    "path": "/backup",
                    "pool": "backup",
                    "compression": "gzip-7",
                    "device": "/dev/vdb",
                }
            ],
        }
    }
    cassandras = [f"cassandra-{number}" for number in range(1, 5)]
    managers = [f"manager-{number}" for number in range(1, 4)]
    assert {name: group["nodes"] for name, group in said["groups"].items()} == {
        "gluster-sources": ["manager-1"],
        "lvm-sources": cassandras,
        "docker-hosts": [*cassandras, *managers, "standalone-1"],
    }
    assert said["nodes"]["cassandra-2"]["datasets"]["docker-local"]["snapshot"]["size"] == "20G"
    assert said["profiles"]["gluster-sources"]["datasets"]["docker"]["snapshot"]["volume"] == "docker"
    assert messages(proposal) == ["warning C0731 hosts without a part in backups are left out: access-1"]
    plan = "plans.deployment"
    assert gaps(proposal) == {("", "fleet"), (plan, "schedule"), (plan, "expected_duration"), (plan, "retention")}


def test_a_source_may_be_both_and_a_director_a_source(tmp_path: Path) -> None:
    both = "[backup_director]\nm-1\n[backup_targets]\nt-1 backup_data_device=/dev/vdb\n[backup_sources]\n"
    said: Any = proposed(
        tmp_path, f"{both}m-1 gluster_backup_source=True lvm_backup_source=True backup_snapshot_storage=5\n"
    ).said
    assert said["groups"]["gluster-sources"]["nodes"] == said["groups"]["lvm-sources"]["nodes"] == ["m-1"]
    assert said["plans"]["deployment"]["director"] == "m-1"


@pytest.mark.parametrize(
    ("written", "lvm"),
    [("True", True), ("true", True), ("yes", True), ("1", True), ("'False'", False), ("off", False), ("0", False)],
)
def test_truth_is_what_ansible_takes_for_it(tmp_path: Path, written: str, lvm: bool) -> None:
    inventory = (
        f"[backup_sources]\na lvm_backup_source={written} backup_snapshot_storage=5 gluster_backup_source=True\n"
    )
    said: Any = proposed(tmp_path, inventory).said
    assert ("lvm-sources" in said["groups"]) is lvm


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("a lvm_backup_source=maybe backup_snapshot_storage=5", "error C0730 `lvm_backup_source` of `a` is `maybe`"),
        ("a lvm_backup_source=2 backup_snapshot_storage=5", "error C0730 `lvm_backup_source` of `a` is `2`"),
        ("a lvm_backup_source='{{ x }}'", "error C0730 `lvm_backup_source` of `a` is `{{ x }}`"),
        ("a backup_snapshot_storage=5", "error C0730 `a` is in [backup_sources], and neither of its kinds is True"),
    ],
)
def test_a_source_that_is_nothing_is_said(tmp_path: Path, line: str, said: str) -> None:
    assert any(message.startswith(said) for message in messages(proposed(tmp_path, f"[backup_sources]\n{line}\n")))


@pytest.mark.parametrize("size", ["", "backup_snapshot_storage=0", "backup_snapshot_storage='{{ x }}'"])
def test_a_snapshot_without_a_size_is_a_gap(tmp_path: Path, size: str) -> None:
    proposal = proposed(tmp_path, f"[backup_sources]\na lvm_backup_source=True {size}\n")
    assert ("nodes.a", "datasets.docker-local.snapshot.size") in gaps(proposal)


def test_what_is_missing_altogether_is_a_gap(tmp_path: Path) -> None:
    proposal = proposed(tmp_path, "[backup_director]\na\nb\n")
    assert {("plans.deployment", key) for key in ("director", "stores", "directs")} <= gaps(proposal)
    assert "error C0730 [backup_director] has 2 hosts: a, b" in messages(proposal)


@pytest.mark.parametrize("device", [None, "vdb", "'{{ disk }}'", "/dev/a b", '"/dev/\\x1b"', 7])
def test_a_store_without_a_disk_is_said(tmp_path: Path, device: object) -> None:
    files = {} if device is None else {"group_vars/backup_targets.yml": f"backup_data_device: {device}\n"}
    proposal = proposed(tmp_path, WHOLE, files)
    assert any(" C0733 " in message for message in messages(proposal))
    said: Any = proposal.said
    assert "device" not in said["plans"]["deployment"]["stores"][0]


def test_two_prefixes_are_two_deployments(tmp_path: Path) -> None:
    inventory = "[backup_sources]\na deployment_prefix=uat\nb deployment_prefix=prod\n"
    proposal = proposed(tmp_path, inventory)
    assert "error C0730 `deployment_prefix` has several values: `prod`, `uat`" in messages(proposal)
    assert "deployment_prefix" not in proposal.said
