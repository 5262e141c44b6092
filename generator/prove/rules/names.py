"""Nothing on a node collides: paths, capsules, accounts, numbers, key files, stores, and names that tools ignore.

Names of the inventory are lower case, so only paths that the user chose can differ in case alone. On the node that is
no collision, but the emitted tree is read on reviewers' laptops too, where it may be: a warning.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import PurePosixPath

from generator.diagnostics import Diagnostic, Severity
from generator.plan import Capsule, CronTable, FleetPlan, LogRotation, NodePlan, Origin, SudoersFragment
from generator.prove.facts import Facts
from generator.prove.report import ProofReport
from generator.prove.wording import finding, spell_names

# cron skips names with other characters (cron(8), "like run-parts"), sudo those with a dot or a final ~ (sudoers(5)),
# logrotate those with a taboo extension (logrotate.conf(5)): this is what all three read.
_READ_BY_TOOLS = re.compile(r"[A-Za-z0-9_-]+")
_RENAME = "rename one of the two in the inventory"


def check(facts: Facts) -> ProofReport:
    """Codes C0451 (paths), C0452 (case), C0453 (accounts), C0454 (ignored), C0455 (stores), C0456 (machines)."""
    diagnostics: list[Diagnostic] = []
    for node in facts.plan.nodes:
        diagnostics += [*_paths(node), *_case(node), *_capsule_names(node), *_ignored(node)]
    diagnostics += [*_accounts(facts.plan), *_stores(facts), *_machines(facts)]
    if any(finding.severity is Severity.ERROR for finding in diagnostics):
        return ProofReport(diagnostics=tuple(diagnostics))
    return ProofReport(
        diagnostics=tuple(diagnostics),
        proved=("none of Capsule's files, accounts, numbers or stores collide on any node",),
    )


def _paths(node: NodePlan) -> Iterator[Diagnostic]:
    """No two artifacts at one path, and no file where a directory must be."""
    files: dict[str, Origin] = {}
    for artifact in node.artifacts:
        if artifact.path in files:
            yield finding(
                "C0451",
                f"two files of {node.name} would lie at {artifact.path}",
                artifact.origin,
                _RENAME,
                (files[artifact.path], "the other one"),
            )
        files[artifact.path] = artifact.origin
    parents = {_parent(path) for path in (*files, *(directory.path for directory in node.directories))}
    wanted = {directory.path for directory in node.directories}
    for parent in parents:
        wanted.update(_lineage(parent))
    for path in sorted(wanted & files.keys()):
        yield finding("C0451", f"{path} on {node.name} would be a file and a directory", files[path], _RENAME)


@cache
def _lineage(folder: str) -> tuple[str, ...]:
    """The folder and all that it lies in; nodes are much alike, so few are asked for."""
    return folder, *map(str, PurePosixPath(folder).parents)


def _parent(path: str) -> str:
    return path.rpartition("/")[0] or "/"


def _case(node: NodePlan) -> Iterator[Diagnostic]:
    folded: dict[str, tuple[str, Origin]] = {}
    for artifact in node.artifacts:
        other, origin = folded.setdefault(artifact.path.casefold(), (artifact.path, artifact.origin))
        if other != artifact.path:
            yield finding(
                "C0452",
                f"{artifact.path} and {other} on {node.name} differ in case only",
                artifact.origin,
                "rename one of the two: some file systems and people take them for one",
                (origin, "the other one"),
                severity=Severity.WARNING,
            )


def _capsule_names(node: NodePlan) -> Iterator[Diagnostic]:
    """Logs, locks and state files are called after the capsule, so its name must be its own and its file's."""
    names: dict[str, Origin] = {}
    for artifact in node.artifacts:
        if not isinstance(artifact, Capsule):
            continue
        if artifact.name in names or artifact.path.rpartition("/")[2] != artifact.name:
            yield finding(
                "C0451",
                f"the capsule {artifact.name} of {node.name}, at {artifact.path}, has not got that name for itself",
                artifact.origin,
                _RENAME,
                (names.get(artifact.name, artifact.origin), "a capsule of that name"),
            )
        names[artifact.name] = artifact.origin


def _ignored(node: NodePlan) -> Iterator[Diagnostic]:
    for artifact in node.artifacts:
        if isinstance(artifact, CronTable | SudoersFragment | LogRotation):
            name = artifact.path.rpartition("/")[2]
            if not _READ_BY_TOOLS.fullmatch(name):
                yield finding(
                    "C0454",
                    f"{artifact.path} on {node.name} would be ignored: cron, sudo or logrotate skips such a name",
                    artifact.origin,
                    "use letters, digits and - only in the fleet's name and the deployment prefix",
                )


def _accounts(plan: FleetPlan) -> Iterator[Diagnostic]:
    """An account has one number on all nodes, and a number one account: files move between nodes by number."""
    numbers: dict[str, int] = {}
    owners: dict[int, str] = {}
    told: set[tuple[str, int]] = set()
    for node in plan.nodes:
        names = [account.name for account in node.accounts]
        for account in node.accounts:
            number = numbers.setdefault(account.name, account.number)
            owner = owners.setdefault(account.number, account.name)
            clash = number != account.number or owner != account.name or names.count(account.name) > 1
            if clash and (account.name, account.number) not in told:
                told.add((account.name, account.number))
                yield finding(
                    "C0453",
                    f"the account {account.name} with number {account.number} on {node.name} collides with "
                    f"{owner} with number {number}",
                    node.origin,
                    "give the operator another number, or rename a source",
                )


def _stores(facts: Facts) -> Iterator[Diagnostic]:
    """Trees of one node lie apart from each other and from Capsule's own files."""
    paths = facts.fleet.paths
    own = [(path, facts.fleet.origin) for path in (paths.programs, paths.logs, paths.state) if path]
    kept: dict[str, list[tuple[str, Origin]]] = defaultdict(list)
    for protect in facts.fleet.protect_plans:
        for name in protect.nodes:
            kept[name].append((protect.path, protect.origin))
    for collect in facts.collecting.values():
        kept[collect.node].append((collect.path, collect.origin))
    moments = [store for plan in facts.fleet.directed_plans for store in plan.stores]
    for store in (*moments, *(replica.store for replica in facts.fleet.replica_plans)):
        kept[store.node].append((store.path, store.origin))
    told: set[tuple[str, str]] = set()
    for name, trees in sorted(kept.items()):
        for outer, inner, origin, other in _nested([*trees, *own]):
            if (outer, inner) not in told:
                told.add((outer, inner))
                yield finding(
                    "C0455",
                    f"on {name} the path {inner} lies in {outer}, and both are Capsule's",
                    origin,
                    "give each store a path of its own",
                    (other, "the other one"),
                )


def _nested(trees: Iterable[tuple[str, Origin]]) -> Iterator[tuple[str, str, Origin, Origin]]:
    every = [(path.rstrip("/") + "/", path, origin) for path, origin in trees]
    for index, (slashed, path, origin) in enumerate(every):
        for other_slashed, other_path, other_origin in every[index + 1 :]:
            if slashed.startswith(other_slashed):
                yield other_path, path, origin, other_origin
            elif other_slashed.startswith(slashed):
                yield path, other_path, other_origin, origin


def _machines(facts: Facts) -> Iterator[Diagnostic]:
    """Two nodes with one hostname would accept each other's files; two at one address are one machine."""
    for what, key_of in (
        ("hostname", lambda node: node.hostname),
        ("address", lambda node: f"{node.address} port {node.port}"),
    ):
        grouped: dict[str, list[str]] = defaultdict(list)
        for node in facts.fleet.nodes:
            grouped[key_of(node)].append(node.name)
        for key, names in sorted(grouped.items()):
            if len(names) > 1:
                yield finding(
                    "C0456",
                    f"{spell_names(names)} have the same {what}, {key}",
                    facts.nodes[names[1]].origin,
                    "give each machine one entry; put what it has to do there together",
                    (facts.nodes[names[0]].origin, "the first"),
                )
