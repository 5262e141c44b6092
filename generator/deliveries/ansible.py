"""The delivery ``ansible``: an inventory, playbooks and the collection that hands each host its own directory."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TypeAlias

import yaml

from generator.deliveries import plain
from generator.deliveries.packaged import packaged_files
from generator.inventory.model import Paths
from generator.plan import NodePlan
from generator.render.model import FleetFile, RenderedNode
from generator.render.templates import TemplateLibrary

Value: TypeAlias = "str | int | list[Value] | dict[str, Value]"

# what of the collection is handed out; caches of those who develop it may lie beside
COLLECTION = (
    "CHANGELOG.md",
    "LICENSE",
    "README.md",
    "galaxy.yml",
    "meta/runtime.yml",
    "plugins/action/node.py",
    "plugins/modules/node.py",
    "roles/node",
)
PLACE = "collections/ansible_collections/capsule/fleet"
PLAYBOOKS = "deliveries/ansible"
ROLES = ("directors", "replicas", "sources", "stores")
HEADER = "# Written whole by every `gen build`: what is changed here is gone after the next one.\n"
PERMITS = "capsule_permits"
_PERMIT = "permit_restore_"

# The user's own file counts too, for hosts that stand behind others; nothing is accepted on first use.
SSH_ARGUMENTS = (
    "-o StrictHostKeyChecking=yes -o 'UserKnownHostsFile=\"{{ inventory_dir }}/known_hosts\" ~/.ssh/known_hosts'"
)


class _Unsafe(str):
    """Text that Ansible must not take for a template."""


class _Dumper(yaml.SafeDumper):
    """Knows text that is no template; repeats instead of referring."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002
        return True


_Dumper.add_representer(_Unsafe, lambda dumper, text: dumper.represent_scalar("!unsafe", str(text)))


class AnsibleDelivery:
    """``ansible/`` of the output: ``ansible-playbook -i inventory.yml site.yml`` from there installs the fleet."""

    name = "ansible"

    def deliver_fleet(
        self,
        deployment: str,
        paths: Paths,
        nodes: tuple[RenderedNode, ...],
        library: TemplateLibrary,  # noqa: ARG002
    ) -> tuple[FleetFile, ...]:
        """No file here holds a secret: what a host gets is read from ``nodes/`` when it is installed."""
        # it runs what the plain delivery wrote for a node
        mine = tuple(node for node in nodes if plain.DELIVERY.name in node.plan.deliveries)
        return (
            *(
                _file(path.removeprefix(f"{PLAYBOOKS}/"), content)
                for path, content in packaged_files("templates", (PLAYBOOKS,))
            ),
            _file("inventory.yml", _inventory(deployment, paths, mine)),
            _file("known_hosts", "".join(_known_hosts(node.plan) for node in mine).encode()),
            *(_file(f"{PLACE}/{path}", content) for path, content in packaged_files("ansible", COLLECTION)),
        )


FLEET_DELIVERY = AnsibleDelivery()


def _file(path: str, content: bytes) -> FleetFile:
    return FleetFile(path=f"ansible/{path}", content=content, mode=0o644)


def _inventory(deployment: str, paths: Paths, nodes: tuple[RenderedNode, ...]) -> bytes:
    hosts = {node.name: _host(paths, node) for node in nodes}
    groups: dict[str, Value] = {
        "capsule": {
            "vars": {"ansible_ssh_common_args": SSH_ARGUMENTS, "capsule_deployment": deployment},
            "hosts": {**hosts},
        }
    }
    for role in ROLES:
        groups[f"capsule_{role}"] = _group(node.name for node in nodes if role in node.plan.contact.roles)
    groups[PERMITS] = _group(name for name, host in hosts.items() if PERMITS in host)
    text = yaml.dump(groups, Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=False, width=118)
    return f"---\n{HEADER}{text}".encode()


def _group(names: Iterable[str]) -> Value:
    hosts: dict[str, Value] = {name: {} for name in names}
    return {"hosts": hosts}


def _host(paths: Paths, node: RenderedNode) -> dict[str, Value]:
    contact = node.plan.contact
    host: dict[str, Value] = {
        "ansible_host": contact.address,
        "ansible_port": contact.port,
        "capsule_packages": list(node.plan.packages),
    }
    permits = _permits(paths, node)
    if permits:
        host[PERMITS] = permits
    return host


def _permits(paths: Paths, node: RenderedNode) -> dict[str, Value]:
    """The capsules of a node that open permits, by the plan they are about."""
    start = f"{paths.programs}/bin/{_PERMIT}"
    found = [file.path for file in node.files if file.path.startswith(start)]
    return {path.removeprefix(start): _Unsafe(path) if re.search(r"\{[{%#]", path) else path for path in found}


def _known_hosts(plan: NodePlan) -> str:
    """As ssh looks hosts up: the address, and the port where it is not the usual one."""
    contact = plan.contact
    name = contact.address if contact.port == 22 else f"[{contact.address}]:{contact.port}"
    return "".join(f"{name} {key}\n" for key in contact.host_keys)
