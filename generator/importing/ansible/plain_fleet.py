"""An inventory without conventions that we know: hosts are nodes, groups are groups, nothing is protected yet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from generator.diagnostics.model import Diagnostic
from generator.importing.ansible.inventory import AnsibleInventory
from generator.importing.ansible.machines import machines
from generator.importing.machines import node_name
from generator.importing.proposal import Proposal, nothing_protected, warning
from generator.inventory.values import NAME

_PROTECTING = "give groups profiles with datasets, and write a plan that protects them; `gen init` shows one"


def plain_fleet(
    inventory: AnsibleInventory, facts: Mapping[str, Mapping[str, Any]], head: Mapping[str, Any]
) -> Proposal:
    """All hosts of ``inventory`` under ``head``, the top of a proposal; what is protected is a gap."""
    made = machines(inventory.hosts, facts, head.get("deployment_prefix", ""))
    groups: dict[str, Any] = {}
    diagnostics: list[Diagnostic] = list(made.diagnostics)
    for group, hosts in inventory.groups.items():
        name = node_name(group, "")
        members = [made.names[host] for host in hosts if host in made.names]
        if not NAME.match(name) or name in groups or name in made.nodes:
            said = f"the group `{group}` is left out: `{name}` is not a name that is free here"
            diagnostics.append(warning("C0714", said, "rename it in Ansible, or write the group by hand"))
        elif members:
            groups[name] = {"nodes": members}
    return Proposal(
        said={**head, **({"groups": groups} if groups else {}), "nodes": made.nodes, "plans": {}},
        gaps=(*made.gaps, nothing_protected("Ansible", _PROTECTING)),
        diagnostics=tuple(diagnostics),
    )
