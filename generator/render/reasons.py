"""Which inventory entries caused a line of an artifact; pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from generator.inventory.model import Fleet
from generator.plan import Artifact, Capsule, Edge, NodePlan, Origin
from generator.render.node import template_and_holes
from generator.render.templates import TemplateLibrary
from generator.render.views import NodeNames

# any key will do: a key changes no line's number and no line's reason
_SOME_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"


class _AnyKeys:
    """Stands in for the keyring, so that asking why needs no secret."""

    def private_key(self, edge: Edge) -> bytes:
        del edge
        return b""

    def public_key(self, edge: Edge) -> str:
        del edge
        return _SOME_KEY


def reasons(
    fleet: Fleet, plan: NodePlan, artifact: Artifact, line: int, library: TemplateLibrary
) -> tuple[Origin, ...]:
    """The entries that the values on ``line`` of ``artifact`` come from, the artifact's own origin last.

    Values whose record remembers its entry count first, then words that name a dataset, node or plan of the fleet.
    Empty where there is no such line.
    """
    names = NodeNames(deployment=fleet.deployment, node=plan.name, build_id="0" * 16)
    digests = {one.path: "0" * 64 for one in plan.artifacts if isinstance(one, Capsule)}
    found = template_and_holes(artifact, names, _AnyKeys(), digests)
    if found is None:
        return (artifact.origin,)
    template, holes = found
    traced = [place.origin for place in library.trace(template, holes) if place.line == line]
    lines = library.render(template, holes).text.splitlines()
    if not 1 <= line <= len(lines):
        return ()
    named = _named(fleet, plan.name, lines[line - 1])
    return tuple(dict.fromkeys((*traced, *named, artifact.origin)))


def _named(fleet: Fleet, node_name: str, text: str) -> Iterator[Origin]:
    node = fleet.node(node_name)
    words = set(re.findall(r"'([^']*)'", text))
    plans = (fleet.protect_plans, fleet.collect_plans, fleet.directed_plans, fleet.replica_plans)
    for entries in (node.datasets, node.quiescers, node.restore_points, *plans, fleet.nodes):
        yield from (entry.origin for entry in entries if entry.name in words and entry is not node)
