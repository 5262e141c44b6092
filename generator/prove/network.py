"""Everything of a fleet's plan that ssh and sudo will read, indexed for look-ups from both ends of an edge."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import assert_never

from generator.plan import (
    Artifact,
    AuthorizedKey,
    AuthorizedKeys,
    Capsule,
    CronTable,
    Edge,
    FleetPlan,
    KnownHost,
    KnownHosts,
    LogRotation,
    Origin,
    OwnKey,
    PrivateKey,
    SudoersFragment,
    SystemdMailer,
    SystemdService,
    SystemdTimer,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """``keys`` and ``lines`` by edge with the node that has them; ``granted`` and ``capsules`` by (node, path);
    ``pinned`` by (node, alias)."""

    keys: dict[Edge, list[tuple[str, PrivateKey | OwnKey]]] = field(default_factory=lambda: defaultdict(list))
    lines: dict[Edge, list[tuple[str, AuthorizedKey]]] = field(default_factory=lambda: defaultdict(list))
    granted: dict[tuple[str, str], list[Origin]] = field(default_factory=lambda: defaultdict(list))
    capsules: dict[tuple[str, str], Capsule] = field(default_factory=dict)
    pinned: dict[tuple[str, str], list[KnownHost]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def of(cls, plan: FleetPlan) -> Network:
        """Index every artifact of every node of ``plan``."""
        network = cls()
        for node in plan.nodes:
            for artifact in node.artifacts:
                network._add(node.name, artifact)
        return network

    def _add(self, node: str, artifact: Artifact) -> None:
        match artifact:
            case Capsule():
                self.capsules[node, artifact.path] = artifact
            case PrivateKey() | OwnKey():
                self.keys[artifact.edge].append((node, artifact))
            case AuthorizedKeys():
                for line in artifact.entries:
                    self.lines[line.edge].append((node, line))
            case SudoersFragment():
                for grant in artifact.grants:
                    self.granted[node, grant.capsule_path].append(grant.origin)
            case KnownHosts():
                for host in artifact.hosts:
                    self.pinned[node, host.alias].append(host)
            case CronTable() | SystemdService() | SystemdMailer() | SystemdTimer() | LogRotation():
                pass
            case _:
                assert_never(artifact)
