from __future__ import annotations

from pathlib import Path

import yaml

from generator.cli.check import check
from generator.deliveries.requirements import requirements
from generator.plan import NodePlan

KAIZEN = Path(__file__).parents[2] / "inventory/kaizen.yml"


def plans(tmp_path: Path, os_family: str) -> dict[str, NodePlan]:
    """The plans of the example fleet, were it of that family."""
    inventory = yaml.safe_load(KAIZEN.read_text("utf-8"))
    inventory["defaults"]["os_family"] = os_family
    path = tmp_path / "kaizen.yml"
    path.write_text(yaml.safe_dump(inventory), "utf-8")
    plan = check(path).plan
    assert plan is not None
    return {node.name: node for node in plan.nodes}


def test_a_red_hat_node_is_asked_for_its_own_commands_and_packages(tmp_path: Path) -> None:
    plan = plans(tmp_path, "redhat")["controller-1"]
    assert {"cronie", "openssh-clients", "mariadb"} <= set(plan.packages)
    needs = requirements(plan, ())
    found = {command.path: command.package for command in needs.commands}
    assert found["/usr/sbin/crond"] == "cronie"
    assert found["/usr/bin/mysqldump"] == "mariadb"
    assert found["/usr/sbin/useradd"] == "shadow-utils"
    assert needs.packages == ()
    assert not {"cron", "mawk", "mariadb-client", "openssh-client", "passwd", "bsdutils"} & set(found.values())


def test_a_debian_node_is_asked_for_its_own(tmp_path: Path) -> None:
    needs = requirements(plans(tmp_path, "debian")["controller-1"], ())
    found = {command.path: command.package for command in needs.commands}
    assert found["/usr/sbin/cron"] == "cron"
    assert found["/usr/bin/mariadb-dump"] == "mariadb-client"
    assert needs.packages == ()
