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
    SystemdMailer,
    SystemdService,
    SystemdTimer,
    SystemdUnit,
)
from generator.plan.holes import Fragment, Hole, Holes, holes, holes_of
from generator.plan.needs import Needs
from generator.plan.nodes import Account, Contact, Directory, FleetPlan, NodePlan
from generator.plan.origin import Origin, Span

__all__ = [
    "Account",
    "Artifact",
    "AuthorizedKey",
    "AuthorizedKeys",
    "Capsule",
    "Contact",
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
    "Needs",
    "NodePlan",
    "Origin",
    "PrivateKey",
    "Span",
    "SudoersFragment",
    "SystemdMailer",
    "SystemdService",
    "SystemdTimer",
    "SystemdUnit",
    "holes",
    "holes_of",
]
