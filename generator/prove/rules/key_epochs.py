"""Every epoch of a single key belongs to a key that there is: a misspelt name would rotate nothing, silently."""

from __future__ import annotations

from generator.diagnostics import Diagnostic
from generator.inventory.refusal import meant
from generator.plan import PrivateKey
from generator.prove.facts import Facts
from generator.prove.report import ProofReport


def check(facts: Facts) -> ProofReport:
    """Code C0461: ``keys: edges:`` names a key that no node has."""
    wanted = facts.fleet.epochs.edges
    if not wanted:
        return ProofReport()
    own = {name for node in facts.fleet.nodes for name in node.own_keys}
    known = {
        artifact.edge.name
        for node in facts.plan.nodes
        for artifact in node.artifacts
        if isinstance(artifact, PrivateKey)
    }
    return ProofReport(
        diagnostics=tuple(
            Diagnostic(
                code="C0461",
                message=f"`keys: edges:` gives an epoch to `{name}`, and "
                + ("its node makes that key by itself" if name in own else "there is no such key"),
                span=None,
                advice=meant(
                    name,
                    known,
                    "a key is called <server>.<capsule>, or restore_<server>.<capsule>, as its file on the node",
                ),
            )
            for name in sorted(set(wanted) - known)
        )
    )
