"""Two deployments on one store, each with a director that is also a source: neither sees or touches the other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from generator.lab import Host, Lab, services

from ..walker import differences, walk
from .deployment import Deployment

NUMBERS = {"uat": 1901, "prod": 1902}


def inventory(prefix: str, *, operator: str, number: int) -> dict[str, Any]:
    """A deployment ``prefix`` whose one source directs itself."""
    plan = {
        "directs": ["alpha"],
        "director": "alpha",
        "stores": [{"node": "shared", "engine": "tree", "path": f"/srv/{prefix}"}],
        "schedule": "30 1 * * *",
        "expected_duration": "5m",
        "pause": {"deadline": "20s", "cool_down": "1s"},
        "retention": {"last": 2},
    }
    nightly = {
        "protects": ["shared"],
        "store": {"engine": "tree", "path": "/srv/nightly"},
        "schedule": "15 2 * * *",
        "expected_duration": "5m",
        "retention": {"days": 2},
    }
    shared = {
        "reach": {"address": "10.31.0.9"},
        "hostname": "shared",
        "datasets": {"own": {"producer": "paths", "paths": ["/srv/own"]}},
    }
    alpha = {
        "reach": {"address": f"10.31.{NUMBERS[prefix] % 100}.1"},
        "datasets": {"data": {"producer": "paths", "paths": ["/srv/data"]}},
    }
    return {
        "capsule": 1,
        "fleet": "sbdi",
        "deployment_prefix": prefix,
        "fleet_secret": {"secret": "file fleet.secret"},
        "escrow": {"recorded": "2026-11-01", "where": "nowhere, this is a test"},
        "operator": {"name": operator, "number": number},
        "alerts": {"mail": "lab@example.org"},
        "defaults": {"site": "here", "timezone": "UTC", "os_family": "debian"},
        "nodes": {"alpha": alpha, "shared": shared},
        "plans": {"whole": plan, "nightly": nightly},
    }


@pytest.fixture(scope="module")
def both(lab_directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Deployment[Host]]]:
    with Lab(lab_directory) as lab:
        shared = lab.host("shared", address="10.31.0.9")
        made: dict[str, Deployment[Host]] = {}
        for prefix, number in NUMBERS.items():
            text = inventory(prefix, operator=f"{prefix}operator", number=number)
            address = text["nodes"]["alpha"]["reach"]["address"]
            hosts = {"alpha": lab.host(f"{prefix}-alpha", address=address), "shared": shared}
            made[prefix] = Deployment(tmp_path_factory.mktemp(prefix), text, hosts)
        # the store is one machine and has one identity
        made["uat"].identify()
        made["prod"].identify(known={"shared": made["uat"].inventory["nodes"]["shared"]["host_keys"]})
        for deployment in made.values():
            deployment.build()
            deployment.install()
            services.start_sshd(deployment["alpha"])
            deployment["alpha"].run(["install", "-d", "/srv/data"])
            deployment["alpha"].run(["tee", "/srv/data/name"], stdin=deployment.name)
        shared.run(["install", "-d", "/srv/own"])
        services.start_sshd(shared)
        yield made


def test_each_has_its_own_backups(both: dict[str, Deployment[Host]]) -> None:
    for deployment in both.values():
        done = deployment.cron("alpha", "perform_backup")
        assert (done.status, done.out, done.err) == (0, "", ""), deployment.logs()
    shared = both["uat"]["shared"]
    for prefix, deployment in both.items():
        (name,) = deployment.capsule("shared", "list_whole").out.split()
        # nothing inside of a backup says which deployment it comes from, but for its record
        stored = shared.path(f"/srv/{prefix}/{name}/alpha@+srv+data/name")
        assert stored.read_text(encoding="utf-8") == deployment.name
        assert name in deployment.capsule("alpha", "list_backups").out
        assert shared.run([f"{deployment.programs}/check_backups"], user="nobody").out.startswith("BACKUPS OK")


def test_neither_has_a_way_into_the_other(both: dict[str, Deployment[Host]]) -> None:
    uat, prod = both["uat"], both["prod"]
    keys = uat["alpha"].run(["/bin/sh", "-c", "ls /opt/capsule/uat-sbdi/ssh/*shared*"]).out.split()
    assert keys
    for key in keys:
        for operator in ("uatoperator", "prodoperator"):
            for server in ("shared", "alpha"):
                if (operator, server) == ("uatoperator", "shared"):
                    continue
                tried = ["ssh", "-F", "/dev/null", "-i", key, "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no"]
                tried += ["-o", "UserKnownHostsFile=/dev/null", "-o", "IdentitiesOnly=yes", "-l", operator]
                refused = uat["alpha"].run([*tried, prod[server].address], check=False)
                assert refused.status == 255, refused.describe()
                assert "Permission denied" in refused.err
    # on the store they share, either operator may run the capsules of its own deployment, and no other
    for deployment, other in ((uat, prod), (prod, uat)):
        operator = deployment.inventory["operator"]["name"]
        refused = uat["shared"].run(["sudo", "-n", f"{other.programs}/pull_whole"], user=operator, check=False)
        assert refused.status == 1, refused.describe()


def test_one_operator_for_both_is_refused_by_the_installer(both: dict[str, Deployment[Host]], tmp_path: Path) -> None:
    prod = both["prod"]
    text = inventory("prod", operator="uatoperator", number=NUMBERS["uat"])
    text["nodes"] = prod.inventory["nodes"]
    greedy = Deployment(tmp_path, text, prod.hosts)
    greedy.build()
    shared = prod["shared"]
    authorized = shared.run(["cat", "/var/lib/uatoperator/.ssh/authorized_keys"]).out
    refused = greedy.try_install("shared")
    assert refused.status != 0, refused.describe()
    assert "authorized_keys" in refused.err
    assert shared.run(["cat", "/var/lib/uatoperator/.ssh/authorized_keys"]).out == authorized
    assert both["uat"].cron("alpha", "perform_backup").status == 0


def test_the_same_path_for_both_is_refused_to_the_second(both: dict[str, Deployment[Host]]) -> None:
    uat, prod = both["uat"], both["prod"]
    shared = uat["shared"]
    # each is compiled alone: nobody sees it before they run; the nightly plans have had one path from the beginning
    prod.inventory["plans"]["whole"]["stores"][0]["path"] = "/srv/uat"
    prod.build()
    prod.install()
    for capsule, node in (("backup_nightly", "shared"), ("perform_backup", "alpha")):
        assert uat.cron(node, capsule).status == 0
    before = {top: walk(shared.path(top)) for top in ("/srv/nightly", "/srv/uat")}
    local = prod.cron("shared", "backup_nightly")
    assert (local.status, "STORE-FOREIGN" in local.err) == (78, True), local.describe()
    assert 'owner="uat-sbdi/nightly" here="prod-sbdi/nightly"' in local.err
    whole = prod.cron("alpha", "perform_backup")
    assert (whole.status, "NODE-FAILED" in whole.err) == (69, True), whole.describe()
    assert "STORE-FOREIGN" in prod.log("shared", "pull_whole")
    for top, tree in before.items():
        assert differences(tree, walk(shared.path(top))) == [], top
    assert shared.run([f"{prod.programs}/check_backups"], user="nobody", check=False).status == 2
    assert shared.run([f"{uat.programs}/check_backups"], user="nobody").out.startswith("BACKUPS OK")
    assert uat.cron("alpha", "perform_backup").status == 0
