"""Facts of Puppet's nodes as a proposal: every node, and nothing that Puppet does not know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from generator.importing.machines import KEY_TYPES, Advice, Known, node_name, nodes_of
from generator.importing.order import natural
from generator.importing.proposal import Proposal, nothing_protected, unnamed_fleet
from generator.importing.puppetdb.forms import OWN_KEYS, Facts

ADVICE = Advice(
    name="rename one of them, or add the node by hand",
    hostname="write what `hostname` prints there: capsules insist on it",
    address="write `reach: {address: …}`",
    host_keys="let the agent run there once more, or copy each from the machine's own console",
)

_PROTECTING = "give nodes datasets, and write a plan that protects them; `gen init` shows one"


def propose(facts: Facts, fleet: str | None) -> Proposal:
    """What ``facts`` say about the fleet called ``fleet``."""
    known = [_known(certname, facts[certname]) for certname in sorted(facts, key=natural)]
    made = nodes_of(known, "", ADVICE)
    head = {"fleet": fleet} if fleet else {}
    return Proposal(
        said={**head, "nodes": made.nodes, "plans": {}},
        gaps=(unnamed_fleet("Puppet"), *made.gaps, nothing_protected("Puppet", _PROTECTING)),
        diagnostics=made.diagnostics,
        told={certname: facts[certname].get(OWN_KEYS) for certname in facts},
    )


def _known(certname: str, facts: Mapping[str, Any]) -> Known:
    networking, system = _mapping(facts.get("networking")), _mapping(facts.get("os"))
    hostname = networking.get("hostname")
    return Known(
        name=certname,
        node=node_name(hostname if isinstance(hostname, str) and hostname else certname, ""),
        hostname=hostname,
        addresses=(networking.get("ip"), networking.get("ip6")),
        host_keys=_host_keys(_mapping(facts.get("ssh"))),
        family=system.get("family"),
        zone=facts.get("timezone"),
        certname=certname,
    )


def _host_keys(ssh: Mapping[str, Any]) -> Mapping[str, str]:
    found = {}
    for kind in KEY_TYPES:
        key = _mapping(ssh.get(kind))
        if isinstance(key.get("type"), str) and isinstance(key.get("key"), str):
            found[kind] = f"{key['type']} {key['key']}"
    return found


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
