"""The closed intermediate representation: everything after ``lower`` knows only these types."""

from generator.plan.artifacts import (
    Artifact,
    AuthorizedKey,
    AuthorizedKeys,
    Capsule,
    CronEntry,
    CronTable,
    Edge,
    Grant,
    KnownHost,
    KnownHosts,
    LogRotation,
    PrivateKey,
    SudoersFragment,
)
from generator.plan.holes import Fragment, Hole, Holes, holes, holes_of
from generator.plan.nodes import Account, Directory, FleetPlan, NodePlan
from generator.plan.origin import Origin, Span

__all__ = [
    "Account",
    "Artifact",
    "AuthorizedKey",
    "AuthorizedKeys",
    "Capsule",
    "CronEntry",
    "CronTable",
    "Directory",
    "Edge",
    "FleetPlan",
    "Fragment",
    "Grant",
    "Hole",
    "Holes",
    "KnownHost",
    "KnownHosts",
    "LogRotation",
    "NodePlan",
    "Origin",
    "PrivateKey",
    "Span",
    "SudoersFragment",
    "holes",
    "holes_of",
]
