"""Hosts as nodes: what variables and facts of Ansible say about them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from generator.importing.ansible.inventory import AnsibleHost, is_template
from generator.importing.machines import KEY_TYPES, Advice, Known, Machines, node_name, nodes_of

DEFAULT_TYPES = {"ed25519": "ssh-ed25519", "rsa": "ssh-rsa"}
COMPUTED = "Ansible computes where these machines are reached, and nothing is computed here"
ADVICE = Advice(
    name="rename the host in Ansible, or add the node by hand",
    hostname="import with --facts, or write what `hostname` prints there: capsules insist on it",
    address="set `ansible_host` in Ansible, import with --facts, or write `reach: {address: …}`",
    host_keys="import with --facts (Ansible gathers host keys), or copy each from the machine's own console",
)


def machines(hosts: Iterable[AnsibleHost], facts: Mapping[str, Mapping[str, Any]], prefix: str) -> Machines:
    """The ``hosts`` as nodes of a deployment with ``prefix``, which is no part of their names."""
    return nodes_of((_known(host, facts.get(host.name, {}), prefix) for host in hosts), prefix, ADVICE)


def _known(host: AnsibleHost, gathered: Mapping[str, Any], prefix: str) -> Known:
    # variables may hold facts too: those of a listing that was made with a cache
    facts = {**host.variables, **gathered}
    given = host.variables.get("ansible_host", host.variables.get("ansible_ssh_host"))
    default = facts.get("ansible_default_ipv4") or facts.get("ansible_default_ipv6")
    family = facts.get("ansible_os_family")
    return Known(
        name=host.name,
        node=node_name(host.name, prefix),
        hostname=facts.get("ansible_nodename") or facts.get("ansible_hostname"),
        addresses=tuple(
            address
            for address in (given, default.get("address") if isinstance(default, Mapping) else None)
            if not is_template(address)
        ),
        **({"unreached": COMPUTED} if is_template(given) else {}),
        port=host.variables.get("ansible_port", host.variables.get("ansible_ssh_port")),
        host_keys=_host_keys(facts),
        family=None if is_template(family) else family,
    )


def _host_keys(facts: Mapping[str, Any]) -> Mapping[str, str]:
    found = {}
    for kind in KEY_TYPES:
        blob = facts.get(f"ansible_ssh_host_key_{kind}_public")
        keytype = facts.get(f"ansible_ssh_host_key_{kind}_public_keytype", DEFAULT_TYPES.get(kind))
        if isinstance(blob, str) and not is_template(blob) and blob.split() and keytype:
            found[kind] = f"{keytype} {blob.split()[-1]}"
    return found
