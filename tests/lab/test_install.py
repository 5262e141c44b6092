"""Installing and removing: by the generated scripts alone, all or nothing, and backups outlive everything."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import pytest

from . import trees
from .fleet import DEPLOYMENT, PROGRAMS, LabFleet
from .walker import Tree, differences, walk

NODES = ("controller-1", "compute-1", "website", "services-1", "scc-1")
TOUCHED = (
    "/etc",
    "/opt",
    "/usr",
    "/root",
    "/srv",
    "/backups",
    "/var/lib/backupoperator",
    f"/var/lib/capsule/{DEPLOYMENT}",
)


def everything(fleet: LabFleet, node: str) -> dict[str, Tree]:
    """All that an installation could touch on a node."""
    return {top: walk(fleet[node].path(top)) for top in TOUCHED}


def unlike(before: dict[str, Tree], after: dict[str, Tree]) -> list[str]:
    """The differences of two such states."""
    return [f"{top}: {line}" for top in TOUCHED for line in differences(before[top], after[top])]


@pytest.fixture(autouse=True)
def unchanged_build(fleet: LabFleet) -> Iterator[None]:
    """A test that spoils the copied build leaves none behind."""
    yield
    for host in fleet.hosts.values():
        host.run(["rm", "-rf", "/root/build"])


@pytest.mark.parametrize("node", NODES)
def test_what_the_seal_names_lies_on_the_node_exactly_so(fleet: LabFleet, node: str) -> None:
    artifacts = fleet.manifest(node)["artifacts"]
    assert artifacts
    for artifact in artifacts:
        status = fleet[node].run(["stat", "--format=%U %G %a", artifact["path"]]).out.split()
        assert status[:2] == [artifact["owner"], artifact["group"]], artifact["path"]
        assert int(status[2], 8) == int(str(artifact["mode"]), 8), artifact["path"]
        content = fleet[node].path(artifact["path"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == artifact["sha256"], artifact["path"]


def test_the_nodes_own_parsers_take_what_was_installed(fleet: LabFleet) -> None:
    for host in fleet.hosts.values():
        host.run(["visudo", "--check", "--strict"])
        host.run(["logrotate", "--debug", f"/etc/logrotate.d/capsule-{DEPLOYMENT}"])
        host.run(["sshd", "-t"])


@pytest.mark.parametrize("node", NODES)
def test_a_second_installation_changes_nothing(fleet: LabFleet, node: str) -> None:
    fleet.copy_build(node)
    before = everything(fleet, node)
    fleet[node].run(["/root/build/install.sh"])
    assert unlike(before, everything(fleet, node)) == []


def test_another_nodes_build_is_refused(fleet: LabFleet) -> None:
    fleet.copy_build("website")
    fleet["compute-1"].run(["rm", "-rf", "/root/build"])
    moved = fleet["website"].run(["tar", "-C", "/root", "-cf", "-", "build"]).stdout
    fleet["compute-1"].run(["tar", "-C", "/root", "-xf", "-"], stdin=moved)
    before = everything(fleet, "compute-1")
    refused = fleet["compute-1"].run(["/root/build/install.sh"], check=False)
    assert refused.status == 78
    assert "website" in refused.err
    assert unlike(before, everything(fleet, "compute-1")) == []


def test_an_altered_build_is_refused_before_anything_is_touched(fleet: LabFleet) -> None:
    fleet.copy_build("website")
    host = fleet["website"]
    host.run(["rm", f"{PROGRAMS}/backup_nightly"])
    host.run(["/bin/sh", "-c", f"echo '# altered' >>/root/build/root{PROGRAMS}/backup_nightly"])
    before = everything(fleet, "website")
    refused = host.run(["/root/build/install.sh"], check=False)
    assert refused.status == 65
    assert unlike(before, everything(fleet, "website")) == []
    fleet.install("website")


def test_what_somebody_changed_is_put_right(fleet: LabFleet) -> None:
    before = everything(fleet, "website")
    host = fleet["website"]
    host.run(["/bin/sh", "-c", f"echo '# altered' >>{PROGRAMS}/backup_nightly; chmod 4777 {PROGRAMS}/list_backups"])
    fleet.install("website")
    host.run(["rm", "-rf", "/root/build"])
    changed = [line for line in unlike(before, everything(fleet, "website")) if ": mtime should be" not in line]
    # the installer locks the capsules that it replaces
    assert [line for line in changed if "'locks/" not in line] == []


def test_removing_leaves_backups_state_and_data_alone(fleet: LabFleet) -> None:
    host = fleet["website"]
    fleet.capsule("website", "backup_nightly")
    kept = {top: walk(host.path(top)) for top in ("/backups", "/var/www", f"/var/log/capsule/{DEPLOYMENT}")}
    assert any(b"index.html" in name for name in kept["/backups"])
    data = trees.expected(host)
    fleet.copy_build("website")
    host.run(["/root/build/remove.sh"])
    for top, before in kept.items():
        assert differences(before, walk(host.path(top))) == []
    assert trees.expected(host) == data
    for gone in (
        "/opt/capsule/lab",
        "/etc/sudoers.d/50-capsule-lab",
        "/etc/cron.d/capsule-lab",
        "/etc/logrotate.d/capsule-lab",
    ):
        assert not host.path(gone).exists(), gone
    assert not walk(host.path("/var/lib/backupoperator/.ssh/authorized_keys"))
    fleet.install("website")
    assert fleet.capsule("website", "list_backups").out.count("complete") == 1
